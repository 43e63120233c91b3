package sched_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// loaded returns a core with a camera of 30 pictures a second, n detectors that want each and n conditions of 8 leaves.
func loaded(tb testing.TB, n int) *sim {
	tb.Helper()
	s := newSim(tb)
	s.quiet, s.slots = true, n
	must(tb, s.camera([]string{"front", "fps=30"}))
	for i := range n {
		must(tb, s.detector([]string{fmt.Sprintf("d%03d", i), "signals=v:int", "fps=30", "took=0s", "say=0s:v=1"}))
	}
	for i := range n {
		d := fmt.Sprintf("d%03d", i)
		must(tb, s.event(fmt.Sprintf("event e%03d when=all(%[2]s.v>=0,%[2]s.v<=9,any(%[2]s.v==5,%[2]s.v>=1),%[2]s.v!=7,%[2]s.v<8,not(%[2]s.v>=6),%[2]s.v>=1) hold=1h", i, d)))
	}
	s.build()
	return s
}

// turn is a loaded core at 1000 turns a second; every run ends in the moment that began it.
type turn struct {
	s     *sim
	now   tick.Time
	seq   uint64
	next  tick.Time
	out   []sched.Decision
	ends  []sched.Input
	res   []node.Output
	other []node.Output
	vary  bool // every value crosses what conditions compare with, and they have to be evaluated
}

func newTurn(s *sim) *turn {
	return &turn{
		s: s, res: []node.Output{{Index: 0, Value: signal.Int(1)}}, other: []node.Output{{Index: 0, Value: signal.Int(5)}},
	}
}

// tick lets a millisecond pass and reports how many runs there were.
func (t *turn) tick() (runs int) {
	t.now = t.now.Add(time.Millisecond)
	if t.now < t.next {
		t.out = t.s.core.Step(sched.Input{Kind: sched.InputDeadline, Now: t.now}, t.out[:0])
		return 0
	}
	t.next = t.now.Add(time.Second / 30)
	t.seq++
	if t.vary {
		t.res, t.other = t.other, t.res
	}
	t.out = t.s.core.Step(sched.Input{Kind: sched.InputFrame, Now: t.now, Seq: t.seq, Capture: t.now}, t.out[:0])
	t.ends = t.ends[:0]
	for i := range t.out {
		if d := &t.out[i]; d.Kind == sched.DecisionRun {
			t.ends = append(t.ends, sched.Input{Kind: sched.InputFinished, Now: t.now, Instance: d.Instance, Job: d.Job, Outputs: t.res})
		}
	}
	t.out = t.s.core.Turn(t.ends, t.out[:0])
	return len(t.ends)
}

// BenchmarkTick is one turn of the core at 1000 turns a second (PERF 1.1).
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 10, 50, 200} {
		b.Run(fmt.Sprintf("%d_detectors", n), func(b *testing.B) {
			t := newTurn(loaded(b, n))
			for range 100 {
				t.tick()
			}
			b.ReportAllocs()
			for b.Loop() {
				t.tick()
			}
		})
	}
}

// BenchmarkSteady is a look at the time while nothing is due: 10 detectors and 10 conditions of 8 leaves.
func BenchmarkSteady(b *testing.B) {
	t := newTurn(loaded(b, 10))
	for range 100 {
		t.tick()
	}
	b.ReportAllocs()
	for b.Loop() {
		t.now++
		t.out = t.s.core.Step(sched.Input{Kind: sched.InputDeadline, Now: t.now}, t.out[:0])
		if len(t.out) > 0 {
			t.now -= tick.Time(time.Millisecond) // something was due after all: stay before it
		}
	}
}

// BenchmarkDue is 10 detectors that are all due at one picture and all complete in one turn, with 10 conditions of 8
// leaves: offered, started, ended, their values stored, the conditions evaluated (where they cross what is compared with; else
// the values are the ones before).
func BenchmarkDue(b *testing.B) {
	for _, vary := range []bool{false, true} {
		b.Run(map[bool]string{false: "repeated", true: "crossing"}[vary], func(b *testing.B) {
			t := newTurn(loaded(b, 10))
			t.vary = vary
			for range 100 {
				t.tick()
			}
			b.ReportAllocs()
			runs, n := 0, 0
			for b.Loop() {
				t.now = t.next
				runs += t.tick()
				n++
			}
			if runs != 10*n {
				b.Fatalf("%d runs in %d turns: not all detectors were due", runs, n)
			}
		})
	}
}

// TestTickAllocatesNothing is a budget: 0 allocations a turn, measured 0 when it was set, no headroom. It keeps the
// collector away from the live path; a value whose address is taken for an interface or a closure would show here.
func TestTickAllocatesNothing(t *testing.T) {
	for _, vary := range []bool{false, true} {
		turn := newTurn(loaded(t, 10))
		turn.vary = vary
		for range 1000 {
			turn.tick()
		}
		if n := testing.AllocsPerRun(1000, func() { turn.tick() }); n != 0 {
			t.Errorf("%.2f allocations a turn (values vary: %v), the budget is 0", n, vary)
		}
	}
}

// BenchmarkCrowd is one input to a core with 1000 cameras and 4 detectors on each, of which two run at a time: thousands
// wait for a slot, and what a turn costs must not grow with them.
func BenchmarkCrowd(b *testing.B) {
	s := newSim(b)
	s.quiet, s.slots = true, 2
	for i := range 1000 {
		must(b, s.camera([]string{fmt.Sprintf("c%04d", i), "fps=30"}))
	}
	for i := range 4 {
		must(b, s.detector([]string{fmt.Sprintf("d%d", i), "signals=v:int", "fps=30", "load=none", "minFps=0.01", "say=0s:v=1"}))
		must(b, s.event(fmt.Sprintf("event e%d when=d%d.v>=1 hold=1h", i, i)))
	}
	s.build()
	var out []sched.Decision
	var running []sched.Decision
	res := []node.Output{{Index: 0, Value: signal.Int(1)}}
	now, n := tick.Time(0), 0
	take := func() {
		for _, d := range out {
			if d.Kind == sched.DecisionRun {
				running = append(running, d)
			}
		}
	}
	step := func() {
		now = now.Add(time.Second / 30000)
		n++
		out = s.core.Step(sched.Input{Kind: sched.InputFrame, Now: now, Camera: n % 1000, Seq: uint64(n/1000 + 1), Capture: now}, out[:0])
		take()
		if len(running) > 1 {
			d := running[0]
			running = append(running[:0], running[1:]...)
			out = s.core.Step(sched.Input{Kind: sched.InputFinished, Now: now, Instance: d.Instance, Job: d.Job, Outputs: res}, out[:0])
			take()
		}
	}
	for range 20000 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// thousand is a core with 1000 cameras of 30 pictures a second and 4 detectors and 4 conditions on each; slots for all.
func thousand(tb testing.TB, cameras int) *sim {
	tb.Helper()
	s := newSim(tb)
	s.quiet, s.slots = true, 4*cameras
	for i := range cameras {
		must(tb, s.camera([]string{fmt.Sprintf("c%04d", i), "fps=30"}))
	}
	for i := range 4 {
		must(tb, s.detector([]string{fmt.Sprintf("d%d", i), "signals=v:int", "fps=30", "load=none", "say=0s:v=1"}))
		must(tb, s.event(fmt.Sprintf("event e%d when=all(d%[1]d.v>=3,d%d.v<9) hold=1h", i, (i+1)%4)))
	}
	s.build()
	return s
}

// BenchmarkThousand is one picture of one of a thousand cameras and the ends of its four runs in a turn after it.
// 30000 of that in a second is all that such a pipeline asks of the core.
func BenchmarkThousand(b *testing.B) {
	for _, vary := range []bool{false, true} {
		b.Run(map[bool]string{false: "repeated", true: "varying"}[vary], func(b *testing.B) {
			core := thousand(b, 1000).core
			var out []sched.Decision
			var ends []sched.Input
			res := [][]node.Output{{{Index: 0, Value: signal.Int(1)}}, {{Index: 0, Value: signal.Int(2)}}}
			now, n := tick.Time(0), 0
			step := func() {
				n++
				now = tick.Time(int64(n) * int64(time.Second) / 30000)
				out = core.Step(sched.Input{Kind: sched.InputFrame, Now: now, Camera: n % 1000, Seq: uint64(n/1000 + 1), Capture: now}, out[:0])
				ends = ends[:0]
				for i := range out {
					if d := &out[i]; d.Kind == sched.DecisionRun {
						in := sched.Input{Kind: sched.InputFinished, Now: now, Instance: d.Instance, Job: d.Job, Outputs: res[0]}
						if vary {
							in.Outputs = res[n/1000%2]
						}
						ends = append(ends, in)
					}
				}
				out = core.Turn(ends, out[:0])
			}
			for range 20000 {
				step()
			}
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			runs := uint64(0)
			for i := range core.Stats.Lanes {
				runs += core.Stats.Lanes[i].OK
			}
			if runs < 3*uint64(n) {
				b.Fatalf("%d runs for %d pictures: detectors did not run", runs, n)
			}
		})
	}
}

// TestCoreMemory is a budget: 6 KiB of heap for a camera with 4 detectors and 4 conditions, measured 4080 bytes when it was
// set; the rest is room for what a condition may come to remember. It is the core's share of the 20 KiB that a camera may
// cost: what it grows by here, a thousand cameras pay a thousand times, and the core walks through all of it.
func TestCoreMemory(t *testing.T) {
	const cameras, budget = 200, 6 << 10
	s := thousand(t, cameras)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	core := s.fresh()
	var out []sched.Decision
	out = core.Step(sched.Input{Kind: sched.InputStart}, out)
	for seq := uint64(1); seq <= 10; seq++ {
		for i := range cameras {
			now := tick.Time(seq * 33e6)
			out = core.Step(sched.Input{Kind: sched.InputFrame, Now: now, Camera: i, Seq: seq, Capture: now}, out[:0])
			var ends []sched.Input
			for _, d := range out {
				if d.Kind == sched.DecisionRun {
					ends = append(ends, sched.Input{
						Kind: sched.InputFinished, Now: now, Instance: d.Instance, Job: d.Job,
						Outputs: []node.Output{{Index: 0, Value: signal.Int(int64(seq % 5))}},
					})
				}
			}
			out = core.Turn(ends, out[:0])
		}
	}
	out = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / cameras
	t.Logf("%d bytes a camera", each)
	if each > budget {
		t.Errorf("the core holds %d bytes a camera with 4 detectors and 4 conditions, the budget is %d", each, budget)
	}
	if core.Stats.Lanes[0].OK < 9 || len(out) > 0 {
		t.Errorf("%d runs: the core stood still", core.Stats.Lanes[0].OK)
	}
	runtime.KeepAlive(s)
}
