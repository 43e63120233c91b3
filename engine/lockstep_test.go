package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// TestLockstepGivesUpLateInAChain: each run has its own time from when it was started, however long those before it took, and one
// that hangs is given up alone: what runs beside it and what comes after it is as if it had failed.
func TestLockstepGivesUpLateInAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("clip", 10, &fakeCamera{frames: 12}).Pace = graph.PaceLockstep
		k.detector("a", 10, says(3*time.Second, 1)).Timeout = 4 * time.Second
		d := k.detector("b", 10, func(_ context.Context, n uint64, run *node.Run) error {
			if n == 4 {
				time.Sleep(time.Minute) // whatever it is told
			}
			run.Set("count", signal.Int(int64(n)))
			return nil
		})
		d.Needs, d.Timeout = []string{"a.count"}, 2*time.Second
		d = k.detector("c", 10, says(5*time.Second, 1))
		d.Needs, d.Timeout = []string{"a.count"}, 6*time.Second
		d = k.detector("d", 10, says(time.Second, 1))
		d.Needs, d.Timeout = []string{"c.count"}, 2*time.Second
		k.event("e", "d.count", 0)
		k.sink()
		begin := time.Now()
		e := k.run(time.Hour)
		a := k.looked["a"]
		if len(a) < 11 { // the detector's phase may fall behind the first picture
			t.Errorf("looked at %d pictures of 12", len(a))
		}
		for _, id := range []string{"b", "c", "d"} {
			if got := k.looked[id]; !slices.Equal(got, a) {
				t.Errorf("%s looked at pictures %d, a at %d", id, got, a)
			}
		}
		for _, d := range e.Status().Detectors {
			if failed := map[string]uint64{"b": 1}[d.ID]; d.Failed != failed {
				t.Errorf("%s: %d runs failed or were given up, want %d", d.ID, d.Failed, failed)
			}
		}
		// Three, five and one for each; the one that was given up is waited for beside the five.
		each := time.Duration(len(a)) * 9 * time.Second
		if took := time.Since(begin); took < each || took > each+10*time.Second {
			t.Errorf("%d pictures took %v, want %v and what was waited for b", len(a), took, each)
		}
	})
}
