package sched_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// random draws a pipeline and how its detectors behave, and lets it run for three seconds.
func random(t *rapid.T, tb testing.TB) *sim {
	tb.Helper()
	return randomFor(t, tb, 3*time.Second)
}

func randomFor(t *rapid.T, tb testing.TB, span time.Duration) *sim {
	tb.Helper()
	s := newSim(tb)
	s.quiet = true
	s.slots = rapid.IntRange(1, 3).Draw(t, "slots")
	s.reserve = rapid.IntRange(0, s.slots-1).Draw(t, "reserve")
	cams := rapid.IntRange(1, 3).Draw(t, "cameras")
	for i := range cams {
		f := []string{fmt.Sprintf("c%d", i), fmt.Sprintf("fps=%d", rapid.IntRange(1, 60).Draw(t, "fps"))}
		if rapid.Bool().Draw(t, "gap") {
			f = append(f, fmt.Sprintf("off=%dms-%dms", rapid.IntRange(0, 1000).Draw(t, "from"), rapid.IntRange(1000, 2500).Draw(t, "to")))
		}
		must(tb, s.camera(f))
	}
	dets := rapid.IntRange(1, 5).Draw(t, "detectors")
	for i := range dets {
		f := []string{
			fmt.Sprintf("d%d", i), "signals=v:int,f:float", fmt.Sprintf("fps=%d", rapid.IntRange(1, 50).Draw(t, "rate")),
			fmt.Sprintf("took=%dms", rapid.IntRange(0, 150).Draw(t, "took")),
			fmt.Sprintf("threads=%d", rapid.IntRange(1, 3).Draw(t, "threads")),
			"priority=" + rapid.SampledFrom([]string{"low", "normal", "high", "critical"}).Draw(t, "priority"),
			"load=" + rapid.SampledFrom([]string{"none", "backoff", "adaptive"}).Draw(t, "load"),
			"frame=" + rapid.SampledFrom([]string{"next", "newest"}).Draw(t, "frame"),
			"kind=" + rapid.SampledFrom([]string{"fake", "remote", "blind"}).Draw(t, "kind"),
			fmt.Sprintf("timeout=%dms", rapid.IntRange(50, 400).Draw(t, "timeout")),
			"say=" + draw(t),
		}
		if i > 0 && rapid.Bool().Draw(t, "chained") {
			f = append(f, fmt.Sprintf("needs=d%d.v", rapid.IntRange(0, i-1).Draw(t, "needs")))
		}
		if i > 0 && rapid.Bool().Draw(t, "gated") {
			f = append(f, fmt.Sprintf("when=for(%dms,d%d.v>=1)", rapid.IntRange(0, 200).Draw(t, "for"), rapid.IntRange(0, i-1).Draw(t, "gate")))
		}
		if rapid.Bool().Draw(t, "aged") {
			f = append(f, fmt.Sprintf("maxAge=%dms", rapid.IntRange(1, 200).Draw(t, "maxAge")))
		}
		must(tb, s.detector(f))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "events") {
		must(tb, s.event(fmt.Sprintf("event e%d when=%s hold=%dms grace=%dms cooldown=%dms unknownGrace=%dms",
			i, condition(t, dets), rapid.IntRange(1, 400).Draw(t, "hold"), rapid.IntRange(0, 100).Draw(t, "grace"),
			rapid.IntRange(0, 300).Draw(t, "cooldown"), rapid.IntRange(0, 300).Draw(t, "ugrace"))))
	}
	s.build()
	for s.now < tick.Time(span) {
		s.until(min(tick.Time(span), s.now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "go on"))*time.Millisecond)))
		i := rapid.IntRange(0, len(s.g.Instances)-1).Draw(t, "who")
		s.step(sched.Input{Kind: sched.InputAway, Now: s.now, Instance: i, Away: rapid.Bool().Draw(t, "away")})
	}
	s.step(sched.Input{Kind: sched.InputStop, Now: s.now})
	s.until(tick.Time(span + 2*time.Second)) // runs that are out come back
	return s
}

// condition draws one that remembers, or not, and in which several comparisons may cut the values of one signal.
func condition(t *rapid.T, dets int) string {
	a, b := rapid.IntRange(0, dets-1).Draw(t, "a"), rapid.IntRange(0, dets-1).Draw(t, "b")
	ms := rapid.IntRange(1, 700).Draw(t, "ms")
	return rapid.SampledFrom([]string{
		fmt.Sprintf("any(all(d%d.v>=1,not(d%d.f<0.5)),absent(d%d.v))", a, b, a),
		fmt.Sprintf("any(for(%dms,d%d.f>0.2),d%d.f!=0.7)", ms, a, b),
		fmt.Sprintf("all(within(%dms,d%d.f<=0.1),d%d.v<1)", ms, a, b),
		fmt.Sprintf("within(%dms,all(d%d.f==0.2,not(absent(d%d.f))))", ms, a, b),
		fmt.Sprintf("sequence(%dms,d%d.f>=0.2,d%d.v>=1)", ms, a, b),
		fmt.Sprintf("not(sequence(%dms,absent(d%d.v),for(%dms,d%d.f>0.1)))", ms, a, ms/2, b),
	}).Draw(t, "condition")
}

func draw(t *rapid.T) string {
	out := ""
	for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
		if i > 0 {
			out += ";"
		}
		what := rapid.SampledFrom([]string{"v=1,f=0.7", "v=2,f=0.6", "v=0,f=0.2", "v=-3,f=0.15", "v=1,f=0.1", "v=1,f=-1", "fail", "panic", "mute", "hang"}).Draw(t, "say")
		out += fmt.Sprintf("%dms:%s", 600*i, what)
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestConservation: every picture that came in is dropped exactly once, and every offer to a detector ends as a run or as
// one skip.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := random(rt, t)
		dropped := map[string]int{}
		hung := map[uint64]bool{}
		started := map[int]uint64{}
		for _, d := range s.allDecisions() {
			switch d.Kind {
			case sched.DecisionDrop:
				dropped[fmt.Sprint(d.Camera, "#", d.Seq)]++
			case sched.DecisionRun:
				started[d.Instance]++
				hung[d.Job] = true
			}
		}
		for _, in := range s.log {
			if in.Kind == sched.InputFinished {
				delete(hung, in.Job)
			}
		}
		kept := 0
		for _, in := range s.log {
			if in.Kind != sched.InputFrame {
				continue
			}
			key := fmt.Sprint(in.Camera, "#", in.Seq)
			switch n := dropped[key]; {
			case n == 1:
			case n == 0 && kept < len(hung): // held by a run that never came back, at most one for each
				kept++
			default:
				rt.Fatalf("picture %s was dropped %d times, %d runs hold one each, %d are held already", key, n, len(hung), kept)
			}
		}
		for i := range s.core.Stats.Lanes {
			st := &s.core.Stats.Lanes[i]
			sum := st.Runs
			for _, n := range st.Skips {
				sum += n
			}
			if sum != st.Offers {
				rt.Fatalf("%s: %d offers, but %d runs and skips", s.g.InstanceName(i), st.Offers, sum)
			}
			if st.Runs != started[i] {
				rt.Fatalf("%s: counted %d runs, decided %d", s.g.InstanceName(i), st.Runs, started[i])
			}
			if ends := st.OK + st.Failed + st.Panics + st.Timeouts; ends > st.Runs {
				rt.Fatalf("%s: %d runs had %d ends", s.g.InstanceName(i), st.Runs, ends)
			}
		}
	})
}

// TestDeterminism: the same inputs give the same decisions, also when they have been written to a log and read back. It
// takes 1000 pipelines, each by its seed, so that a failure names the one to look at.
func TestDeterminism(t *testing.T) {
	n, events, runs := 1000, 0, uint64(0)
	if testing.Short() {
		n = 50
	}
	pipelines := rapid.Custom(func(rt *rapid.T) *sim { return randomFor(rt, t, 1500*time.Millisecond) })
	for seed := range n {
		s := pipelines.Example(seed)
		var buf bytes.Buffer
		w, err := sched.NewLogWriter(&buf, sched.LogHeader{})
		must(t, err)
		for _, in := range s.log {
			must(t, w.Write(in))
		}
		must(t, w.Close(""))
		_, read, err := sched.ReadLog(&buf)
		must(t, err)
		for name, log := range map[string][]sched.Input{"again": s.log, "from its log": read} {
			got := s.replay(log)
			for i := range min(len(got), len(s.decided)) {
				if got[i] != s.decided[i] {
					t.Fatalf("seed %d, %s, decision %d: %s, was %s", seed, name, i, got[i], s.decided[i])
				}
			}
			if len(got) != len(s.decided) {
				t.Fatalf("seed %d, %s: %d decisions, were %d", seed, name, len(got), len(s.decided))
			}
		}
		events += len(s.events)
		for i := range s.core.Stats.Lanes {
			runs += s.core.Stats.Lanes[i].OK
		}
	}
	if events < n || runs < 10*uint64(n) {
		t.Errorf("%d transitions and %d runs in %d pipelines: too little happened", events, runs, n)
	}
}

// TestEventsAsIfAllWereEvaluated: the core evaluates a condition when something it reads has changed, at the instants that
// its program asks for, and not when a value repeats. Events are what they are when every condition is evaluated at
// every input and every such instant of any.
func TestEventsAsIfAllWereEvaluated(t *testing.T) {
	total := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := random(rt, t)
		n := newNaive(s.g)
		core := s.fresh()
		got := make([][]event.Transition, len(s.g.Machines))
		for _, in := range s.log {
			n.until(in.Now)
			for _, d := range core.Step(in, nil) {
				if d.Kind == sched.DecisionEvent {
					got[d.Machine] = append(got[d.Machine], d.Transition)
				}
			}
			for i := range n.cells {
				n.cells[i] = core.Cell(i)
			}
			if in.Kind == sched.InputStop {
				n.stop(in.Now)
				break
			}
			n.evaluate(in.Now)
		}
		for i := range got {
			total += len(got[i])
			if !slices.Equal(got[i], n.trans[i]) {
				rt.Fatalf("machine %d: %+v\nevaluating everything: %+v", i, got[i], n.trans[i])
			}
		}
	})
	if total == 0 {
		t.Error("no event changed its state: the law was not put to the test")
	}
}

// naive evaluates every condition always.
type naive struct {
	g        *graph.Graph
	cells    []signal.Cell
	states   []*event.EvalState
	machines []event.Machine
	wake     tick.Time
	trans    [][]event.Transition
}

func newNaive(g *graph.Graph) *naive {
	n := &naive{
		g: g, cells: make([]signal.Cell, len(g.Cells)), machines: make([]event.Machine, len(g.Machines)), wake: tick.Never,
		trans: make([][]event.Transition, len(g.Machines)),
	}
	for i := range g.Machines {
		n.states = append(n.states, g.Machines[i].Program.NewState())
	}
	for i := range n.cells {
		n.cells[i] = signal.Cell{TTL: g.Cells[i].TTL, Since: tick.Never}
	}
	return n
}

func (n *naive) evaluate(at tick.Time) {
	n.wake = tick.Never
	for i := range n.machines {
		m, cfg := &n.machines[i], &n.g.Events[n.g.Machines[i].Event].Config
		answer, wake := n.g.Machines[i].Program.Eval(n.cells, n.states[i], at)
		n.trans[i] = m.Step(cfg, answer, at, n.trans[i])
		n.wake = min(n.wake, max(min(wake, m.Wake(cfg)), at+1))
	}
}

func (n *naive) until(now tick.Time) {
	for n.wake <= now {
		n.evaluate(n.wake)
	}
}

func (n *naive) stop(now tick.Time) {
	for i := range n.machines {
		n.trans[i] = n.machines[i].Stop(event.ReasonShutdown, now, n.trans[i])
	}
}

// fresh returns another core for the same pipeline.
func (s *sim) fresh() *sched.Core {
	return sched.New(s.first, sched.Options{Slots: s.slots, Reserve: s.reserve})
}

func (s *sim) replay(log []sched.Input) []string {
	core := s.fresh()
	must(s.t, sched.Resolve(log, s.first, s.find))
	var out []string
	var buf []sched.Decision
	for _, in := range log {
		buf = core.Step(in, buf[:0])
		for _, d := range buf {
			out = append(out, spell(d))
		}
	}
	return out
}

// TestSlotsAreNeverOversold: what runs at one moment fits into the CPU slots, abandoned runs aside.
func TestSlotsAreNeverOversold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := random(rt, t)
		core := s.fresh()
		used := map[uint64]int{}
		owner := map[uint64]int{}
		critical := map[uint64]bool{}
		var buf []sched.Decision
		for _, in := range s.log {
			if in.Kind == sched.InputFinished {
				delete(used, in.Job)
			}
			buf = core.Step(in, buf[:0])
			for _, d := range buf {
				switch d.Kind {
				case sched.DecisionRun:
					inst := &s.g.Instances[d.Instance]
					for job, lane := range owner {
						if lane == d.Instance && used[job] > 0 {
							rt.Fatalf("job %d starts on %s while job %d is out", d.Job, s.g.InstanceName(d.Instance), job)
						}
					}
					if !inst.Blocking {
						most := s.slots
						if inst.Priority != graph.Critical {
							most -= s.reserve
						}
						used[d.Job] = min(s.g.Detectors[inst.Detector].Threads, most)
						critical[d.Job] = inst.Priority == graph.Critical
					}
					owner[d.Job] = d.Instance
				case sched.DecisionAbandon:
					delete(used, d.Job)
				}
			}
			sum, others := 0, 0
			for job, n := range used {
				sum += n
				if !critical[job] {
					others += n
				}
			}
			if others > s.slots-s.reserve {
				rt.Fatalf("at %v what is not critical uses %d of %d slots, %d are reserved", in.Now, others, s.slots, s.reserve)
			}
			if sum > s.slots {
				rt.Fatalf("at %v %d slots are used, there are %d", in.Now, sum, s.slots)
			}
		}
	})
}

// TestLateWakes: how late a deadline's wake-up comes changes no transition of an event: each has its own instant.
func TestLateWakes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := random(rt, t)
		late := s.fresh()
		var got, want []string
		var buf []sched.Decision
		for _, in := range s.log {
			if in.Kind == sched.InputDeadline {
				continue // never woken: the next input comes late
			}
			buf = late.Step(in, buf[:0])
			for _, d := range buf {
				if d.Kind == sched.DecisionEvent && !touchesBlind(s.g) {
					got = append(got, fmt.Sprint(d.Machine, d.Transition))
				}
			}
		}
		for _, d := range s.events {
			if !touchesBlind(s.g) {
				want = append(want, fmt.Sprint(d.Machine, d.Transition))
			}
		}
		if s.abandoned() {
			return // a run is given up when the core is told the time, and its job numbers shift
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("without wake-ups %v\nwith them %v", got, want)
		}
	})
}

// touchesBlind reports whether detectors start by time (without a picture, on the newest one when they become due, or
// when a gate with a for opens), so that a missing wake-up rightly changes what runs.
func touchesBlind(g *graph.Graph) bool {
	for i := range g.Instances {
		if g.Instances[i].NoFrame || g.Instances[i].Gate != nil || g.Detectors[g.Instances[i].Detector].Frame == graph.FrameNewest {
			return true
		}
	}
	return false
}

func (s *sim) abandoned() bool {
	for i := range s.core.Stats.Lanes {
		if s.core.Stats.Lanes[i].Timeouts > 0 {
			return true
		}
	}
	return false
}

func (s *sim) allDecisions() []sched.Decision {
	core := s.fresh()
	var out, buf []sched.Decision
	for _, in := range s.log {
		buf = core.Step(in, buf[:0])
		out = append(out, buf...)
	}
	return out
}

// TestWallOffset: a jump of the wall clock changes what records carry and nothing else.
func TestWallOffset(t *testing.T) {
	run := func(jump bool) (at []tick.Time, offsets []int64) {
		s := newSim(t)
		s.quiet = true
		must(t, s.camera([]string{"front", "fps=10"}))
		must(t, s.detector([]string{"d", "signals=v:int", "fps=10", "say=0s:v=1;1s:v=0;2s:v=1"}))
		must(t, s.event("event e when=d.v>=1 hold=300ms"))
		s.build()
		s.until(tick.Time(500 * time.Millisecond))
		if jump {
			s.step(sched.Input{Kind: sched.InputWall, Now: s.now, Offset: -int64(time.Hour)})
		}
		s.until(tick.Time(3 * time.Second))
		for _, d := range s.events {
			at, offsets = append(at, d.At), append(offsets, d.Offset)
		}
		return at, offsets
	}
	calm, _ := run(false)
	jumped, offsets := run(true)
	if !slices.Equal(calm, jumped) || len(calm) == 0 {
		t.Errorf("transitions at %v, with a jump of the wall clock at %v", calm, jumped)
	}
	if offsets[0] != 0 || offsets[len(offsets)-1] != -int64(time.Hour) {
		t.Errorf("offsets %v: must begin with 0 and end with -1h", offsets)
	}
}

// TestStaleResult: a result on an older picture than the one a signal is from does not overwrite it.
func TestStaleResult(t *testing.T) {
	c := signal.Cell{TTL: time.Second}
	c.Set(signal.Int(2), 200, 210, 2)
	if c.Set(signal.Int(1), 100, 220, 1) || c.Value.AsInt() != 2 {
		t.Errorf("an older result overwrote a newer one: %v", c.Value)
	}
}

// TestNothingIsKnownAtTimeZero is the seed's fault 19: a signal that nobody wrote is unknown from the first instant on, and
// so is its negation.
func TestNothingIsKnownAtTimeZero(t *testing.T) {
	s := newSim(t)
	s.quiet = true
	must(t, s.camera([]string{"front", "fps=10"}))
	must(t, s.detector([]string{"d", "signals=v:int", "fps=10", "say=0s:mute"}))
	must(t, s.event("event zero when=any(d.v==0,not(d.v>=1),d.v<5)"))
	s.build()
	s.until(tick.Time(time.Second))
	if len(s.events) != 0 {
		t.Errorf("a signal that was never written decided: %+v", s.events)
	}
}
