package sched_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// BenchmarkSwap is the time in which the core takes no input because another graph takes the place of the present one: on
// each camera eight detectors, one of them gated, and two events. Runs are out and events are pending. Each swap changes the
// rate of one detector and the hold of one event on every camera. Preparing is not in it, and told apart.
func BenchmarkSwap(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("cameras-%d", n), func(b *testing.B) {
			s, a, other := swapping(b, n)
			var pause, made []time.Duration
			now, seq := tick.Time(0), uint64(0)
			buf := s.core.Step(sched.Input{Kind: sched.InputStart, Run: "run"}, nil)
			from, to := a, other
			b.ReportAllocs()
			for b.Loop() {
				seq++
				for c := range n {
					now++
					buf = s.core.Step(sched.Input{Kind: sched.InputFrame, Now: now, Camera: c, Seq: seq, Capture: now}, buf[:0])
				}
				begin := b.Elapsed()
				swap := sched.Prepare(from, to, nil, sched.Options{Slots: 4 * n})
				made = append(made, b.Elapsed()-begin)
				in := sched.Input{Kind: sched.InputSwap, Now: now, Swap: swap}
				begin = b.Elapsed()
				buf = s.core.Step(in, buf[:0])
				pause = append(pause, b.Elapsed()-begin)
				from, to = to, from
			}
			report := func(name string, took []time.Duration) {
				slices.Sort(took)
				for _, p := range []struct {
					name string
					at   int
				}{{"p50", len(took) / 2}, {"p99", len(took) * 99 / 100}, {"max", len(took) - 1}} {
					b.ReportMetric(float64(took[p.at].Nanoseconds())/1000, name+"-"+p.name+"-us")
				}
			}
			report("pause", pause)
			report("prepare", made)
		})
	}
}

// swapping returns a core of n cameras and two graphs to go to and fro between.
func swapping(tb testing.TB, n int) (s *sim, a, b *graph.Graph) {
	tb.Helper()
	s = newSim(tb)
	s.quiet = true
	for i := range n {
		must(tb, s.camera([]string{fmt.Sprintf("c%04d", i), "fps=30"}))
	}
	for i := range 8 {
		f := []string{fmt.Sprintf("d%d", i), "signals=v:int", "fps=30", "say=0s:v=1"}
		if i == 7 {
			f = append(f, "when=for(1s,d0.v>=1)")
		}
		must(tb, s.detector(f))
	}
	for i := range 2 {
		must(tb, s.event(fmt.Sprintf("event e%d when=all(d%d.v>=1,for(2s,d%d.v>=1)) hold=1h", i, i, i+1)))
	}
	build := func(revision string) *graph.Graph {
		s.spec.Revision = revision
		g, err := graph.Build(&s.spec, fakes(tb))
		must(tb, err)
		return g
	}
	a = build("a")
	s.spec.Detectors[3].FPS, s.spec.Events[1].Hold = 15, time.Minute
	b = build("b")
	s.g, s.first = a, a
	s.core = sched.New(a, sched.Options{Slots: 4 * n})
	return s, a, b
}

// TestSwapAllocatesNothing is a budget: 0 allocations in what warms and in the turn that swaps while runs are out and events are pending,
// measured 0 when it was set, no headroom. All there is to allocate, Prepare has: what the swap allocates is pause.
func TestSwapAllocatesNothing(t *testing.T) {
	s, a, b := swapping(t, 10)
	out := s.core.Step(sched.Input{Kind: sched.InputStart, Run: "run"}, nil)
	for c := range 10 {
		out = s.core.Step(sched.Input{Kind: sched.InputFrame, Now: 1, Camera: c, Seq: 1, Capture: 1}, out[:0])
	}
	if s.core.Idle() {
		t.Fatal("no run is out")
	}
	const n = 100
	var swaps []*sched.Swap
	for range n + 1 { // AllocsPerRun calls once more
		swaps = append(swaps, sched.Prepare(a, b, nil, sched.Options{Slots: 40}))
		a, b = b, a
	}
	i := 0
	if got := testing.AllocsPerRun(n, func() {
		s.core.Warm(swaps[i], 0)
		out = s.core.Step(sched.Input{Kind: sched.InputSwap, Now: 2, Swap: swaps[i]}, out[:0])
		i++
	}); got != 0 {
		t.Errorf("%.2f allocations a swap, the budget is 0", got)
	}
}
