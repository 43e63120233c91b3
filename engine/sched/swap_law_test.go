package sched_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// TestSwapToTheSameChangesNothing: a graph that is equal to the present one takes its place, and every decision after it is
// what it would have been, down to the order and the ids; only the generation is another.
func TestSwapToTheSameChangesNothing(t *testing.T) {
	n, busy := 400, 0
	if testing.Short() {
		n = 40
	}
	pipelines := rapid.Custom(func(rt *rapid.T) *sim { return randomFor(rt, t, 1500*time.Millisecond) })
	for seed := range n {
		busy += swapAlong(t, fmt.Sprint("seed ", seed), pipelines.Example(seed))
	}
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	for _, file := range files { // they have what random pipelines have not: states of cameras, hours, muting
		if s := play(t, file); len(s.graphs) == 1 {
			busy += swapAlong(t, file, s)
		}
	}
	if busy < n {
		t.Errorf("%d swaps while a run was out: the law was not put to the test", busy)
	}
}

// swapAlong repeats a run with swaps in between and without, and returns how many there were while a run was out.
func swapAlong(t *testing.T, name string, s *sim) (busy int) {
	t.Helper()
	equal, err := graph.Build(&s.spec, fakes(t))
	must(t, err)
	for _, every := range []int{1, 7, 40} {
		with, without := s.fresh(), s.fresh()
		from, to := s.first, equal
		for i, in := range s.log {
			want, got := spellAll(without.Step(in, nil)), spellAll(with.Step(in, nil))
			if in.Kind != sched.InputStop && i%every == 0 {
				if !with.Idle() {
					busy++
				}
				swap := sched.Prepare(from, to, nil, sched.Options{Slots: s.slots, Reserve: s.reserve})
				from, to = to, from
				for part, more := 0, true; more; part++ { // with inputs in between, as in a run
					more = with.Warm(swap, part)
					want = append(want, spellAll(without.Step(sched.Input{Kind: sched.InputDeadline, Now: in.Now}, nil))...)
					got = append(got, spellAll(with.Step(sched.Input{Kind: sched.InputDeadline, Now: in.Now}, nil))...)
				}
				want = append(want, spellAll(without.Step(sched.Input{Kind: sched.InputDeadline, Now: in.Now}, nil))...)
				got = append(got, spellAll(with.Step(sched.Input{Kind: sched.InputSwap, Now: in.Now, Swap: swap}, nil))...)
			}
			if !slices.Equal(want, got) {
				t.Fatalf("%s, every %d, input %d %+v: without the swap\n%v\nwith it\n%v", name, every, i, in, want, got)
			}
		}
		if fmt.Sprint(without.Stats) != fmt.Sprint(with.Stats) {
			t.Fatalf("%s: the counters differ: %+v, with swaps %+v", name, without.Stats, with.Stats)
		}
	}
	return busy
}

// spellAll spells decisions without the swap itself and the generation.
func spellAll(ds []sched.Decision) []string {
	var out []string
	for _, d := range ds {
		if d.Kind == sched.DecisionSwap {
			continue
		}
		if d.EventDetail != nil {
			detail := *d.EventDetail
			detail.Generation = 0
			d.EventDetail = &detail
		}
		out = append(out, spell(d))
	}
	return out
}
