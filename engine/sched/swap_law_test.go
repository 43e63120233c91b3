package sched_test

import (
	"fmt"
	"regexp"
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
		s := pipelines.Example(seed)
		for _, every := range []int{1, 7, 40} {
			with, without := s.fresh(), s.fresh()
			from := s.first
			for i, in := range s.log {
				want, got := spellAll(without.Step(in, nil)), spellAll(with.Step(in, nil))
				if in.Kind != sched.InputStop && i%every == 0 {
					to, err := graph.Build(&s.spec, fakes(t))
					must(t, err)
					if !with.Idle() {
						busy++
					}
					swap := sched.Prepare(from, to, nil, sched.Options{Slots: s.slots, Reserve: s.reserve})
					from = to
					want = append(want, spellAll(without.Step(sched.Input{Kind: sched.InputDeadline, Now: in.Now}, nil))...)
					got = append(got, spellAll(with.Step(sched.Input{Kind: sched.InputSwap, Now: in.Now, Swap: swap}, nil))...)
				}
				if fmt.Sprint(want) != fmt.Sprint(got) {
					t.Fatalf("seed %d, every %d, input %d %+v: without the swap\n%v\nwith it\n%v", seed, every, i, in, want, got)
				}
			}
			if fmt.Sprint(without.Stats) != fmt.Sprint(with.Stats) {
				t.Fatalf("seed %d: the counters differ: %+v, with swaps %+v", seed, without.Stats, with.Stats)
			}
		}
	}
	if busy < n {
		t.Errorf("%d swaps while a run was out: the law was not put to the test", busy)
	}
}

// spellAll spells decisions without the swap itself and the generation.
func spellAll(ds []sched.Decision) []string {
	var out []string
	re := regexp.MustCompile(`Generation:\d+`)
	for _, d := range ds {
		if d.Kind != sched.DecisionSwap {
			out = append(out, re.ReplaceAllString(spell(d), ""))
		}
	}
	return out
}
