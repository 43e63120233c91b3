package sched_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// delays replays a run and returns, by instance, for how long each picture that a run began on had been there.
func (s *sim) delays() [][]time.Duration {
	core := s.fresh()
	out := make([][]time.Duration, len(s.g.Instances))
	captured := map[string]tick.Time{}
	var buf []sched.Decision
	for _, in := range s.log {
		if in.Kind == sched.InputFrame {
			captured[fmt.Sprint(in.Camera, "#", in.Seq)] = in.Capture
		}
		buf = core.Step(in, buf[:0])
		for _, d := range buf {
			if d.Kind == sched.DecisionRun {
				out[d.Instance] = append(out[d.Instance], in.Now.Sub(captured[fmt.Sprint(d.Camera, "#", d.Seq)]))
			}
		}
	}
	return out
}

// TestMixedOverload: when detectors of all classes ask for about three times the slots, a critical one keeps its rate, and
// starts at most the longest lower-class run late, not at all where a slot is reserved. Of two that differ in priority
// alone the higher runs at least as often.
func TestMixedOverload(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSim(t)
		s.quiet = true
		s.slots = rapid.IntRange(2, 4).Draw(rt, "slots")
		s.reserve = rapid.IntRange(0, 1).Draw(rt, "reserve")
		fps := rapid.IntRange(5, 30).Draw(rt, "fps")
		period := time.Second / time.Duration(fps)
		must(t, s.camera([]string{"front", fmt.Sprintf("fps=%d", fps)}))
		cost := time.Duration(rapid.IntRange(1, int(period/time.Millisecond)/2).Draw(rt, "cost")) * time.Millisecond
		add := func(id, priority string, took time.Duration) {
			must(t, s.detector([]string{
				id, "signals=v:int", fmt.Sprintf("fps=%d", fps), "load=none", fmt.Sprintf("took=%v", took), fmt.Sprintf("cost=%v", took),
				"priority=" + priority, "timeout=10s", "say=0s:v=1",
			}))
		}
		add("a", "critical", cost)
		longest, load := time.Duration(0), float64(cost)/float64(period)
		type other struct {
			id, priority string
			took         time.Duration
		}
		var others []other
		for i := 0; load < 3*float64(s.slots); i++ {
			took := time.Duration(rapid.SampledFrom([]int{10, 20, 50, 100, 200}).Draw(rt, "took")) * time.Millisecond
			for _, p := range []string{"high", "low"} {
				others = append(others, other{fmt.Sprintf("d%02d%s", i, p), p, took})
				add(others[len(others)-1].id, p, took)
				load += float64(took) / float64(max(period, took))
			}
			longest = max(longest, took)
		}
		s.build()
		s.until(tick.Time(10 * time.Second))

		runs, offers := s.core.Stats.Lanes[0].Runs, s.core.Stats.Lanes[0].Offers
		if 100*runs < 97*offers {
			rt.Errorf("the critical detector ran on %d of %d pictures", runs, offers)
		}
		bound := longest
		if s.reserve > 0 {
			bound = 0
		}
		for i, d := range s.delays()[0] {
			if d > bound {
				rt.Errorf("the critical detector's run %d began %v late, the longest other run is %v, reserved are %d slots", i, d, longest, s.reserve)
				break
			}
		}
		for i := range others {
			if others[i].priority != "high" {
				continue
			}
			high, low := s.core.Stats.Lanes[1+i].Runs, s.core.Stats.Lanes[2+i].Runs
			if high+1 < low {
				rt.Errorf("%s ran %d times, %s %d times", others[i].id, high, others[i+1].id, low)
			}
		}
	})
}

// TestFairAcrossCameras: what has the same priority and waits for a slot goes first when it was due first, so that each is
// served in its turn. Of detectors that many cameras have and that ask for three times the slots, no camera gets more than
// two runs ahead of another, however long single runs are.
func TestFairAcrossCameras(t *testing.T) {
	held := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := newSim(t)
		s.quiet = true
		s.slots = rapid.IntRange(1, 3).Draw(rt, "slots")
		cams := rapid.IntRange(2, 12).Draw(rt, "cameras")
		fps := rapid.IntRange(5, 60).Draw(rt, "fps")
		for i := range cams {
			must(t, s.camera([]string{fmt.Sprintf("c%02d", i), fmt.Sprintf("fps=%d", fps)}))
		}
		frame := rapid.SampledFrom([]string{"next", "newest"}).Draw(rt, "frame")
		for i := range 2 {
			took := rapid.IntRange(20, 300).Draw(rt, "took")
			id := fmt.Sprintf("d%d", i)
			must(t, s.detector([]string{
				id, "signals=v:int", fmt.Sprintf("fps=%d", fps), "load=none", fmt.Sprintf("took=%dms", took), "timeout=10s",
				"frame=" + frame, "say=0s:v=1",
			}))
			if rapid.Bool().Draw(rt, "vary") {
				s.acts[id].vary = func(n uint64) time.Duration { return time.Duration(20+n*7919%280) * time.Millisecond }
			}
		}
		if ask := 2 * float64(cams) * min(0.02*float64(fps), 1); ask < 3*float64(s.slots) {
			return
		}
		held++
		s.build()
		s.until(tick.Time(20 * time.Second))
		for d := range s.g.Detectors {
			least, most := ^uint64(0), uint64(0)
			for _, i := range s.g.Detectors[d].Instances {
				n := s.core.Stats.Lanes[i].Runs
				least, most = min(least, n), max(most, n)
			}
			if most > least+2 {
				rt.Errorf("%s: one camera has %d runs, another %d", s.g.Detectors[d].ID, most, least)
			}
		}
	})
	if held == 0 {
		t.Error("no pipeline asked for too much: the law was not put to the test")
	}
}
