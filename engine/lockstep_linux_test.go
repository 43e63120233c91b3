package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// TestLockstepChainStaysOnItsThread: a run that another's end starts is carried out by the thread that brought it, where the
// picture is, and by no other.
func TestLockstepChainStaysOnItsThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("clip", 10, &fakeCamera{frames: 50}).Pace = graph.PaceLockstep
		var first int // thread of the last run of a
		on := func(_ context.Context, _ uint64, run *node.Run) error {
			time.Sleep(time.Millisecond)
			if len(run.Inputs) == 0 {
				first = unix.Gettid()
			} else if second := unix.Gettid(); second != first {
				t.Errorf("picture %d: thread %d carries on for %d", run.Frames[0].Seq, second, first)
			}
			run.Set("count", signal.Int(1))
			return nil
		}
		k.detector("a", 10, on)
		k.detector("b", 10, on).Needs = []string{"a.count"}
		k.detector("c", 10, on).Needs = []string{"b.count"}
		k.event("e", "c.count", 0)
		k.sink()
		k.run(time.Hour)
		if n := len(k.looked["c"]); n < 49 { // the phase may fall behind the first
			t.Errorf("the end of the chain looked at %d pictures of 50", n)
		}
	})
}
