package sched_test

import (
	"fmt"
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
	vary  bool // every value differs from the one before, and conditions have to be evaluated
}

func newTurn(s *sim) *turn {
	return &turn{
		s: s, res: []node.Output{{Index: 0, Value: signal.Int(1)}}, other: []node.Output{{Index: 0, Value: signal.Int(2)}},
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
// leaves: offered, started, ended, their values stored, the conditions evaluated (where they vary; else the values are
// the ones before).
func BenchmarkDue(b *testing.B) {
	for _, vary := range []bool{false, true} {
		b.Run(map[bool]string{false: "repeated", true: "varying"}[vary], func(b *testing.B) {
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
