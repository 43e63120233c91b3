package sched_test

import (
	"testing"

	"pgregory.net/rapid"

	"rvo.dev/engine/sched"
)

// TestNoRunWhileAway: nothing is started of an instance that is away, and something is of most that come back.
func TestNoRunWhileAway(t *testing.T) {
	away, back, again := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s := random(rt, t)
		core := s.fresh()
		gone, wasGone := map[int]bool{}, map[int]bool{}
		for turn := range sched.Turns(s.log) {
			for i := range turn {
				if in := &turn[i]; in.Kind == sched.InputAway {
					if gone[in.Instance] && !in.Away {
						back++
						wasGone[in.Instance] = true
					}
					gone[in.Instance] = in.Away
				}
			}
			for _, d := range core.Turn(turn, nil) {
				if d.Kind != sched.DecisionRun {
					continue
				}
				if gone[d.Instance] {
					rt.Fatalf("%s begins a run while it is away", s.g.InstanceName(d.Instance))
				}
				if wasGone[d.Instance] {
					again++
					delete(wasGone, d.Instance)
				}
			}
			for i := range core.Stats.Lanes {
				if core.Away(i) != gone[i] {
					rt.Fatalf("%s: away %v, was told %v", s.g.InstanceName(i), core.Away(i), gone[i])
				}
			}
		}
		for i := range core.Stats.Lanes {
			away += int(core.Stats.Lanes[i].Skips[sched.SkipAway])
		}
	})
	if away == 0 || back == 0 || again == 0 {
		t.Errorf("%d pictures skipped, %d times back, %d times with a run: the law was not put to the test", away, back, again)
	}
}
