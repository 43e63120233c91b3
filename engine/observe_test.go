package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/sched"
)

// TestObserveSeesEveryTick: what an observer counts is what the core did.
func TestObserveSeesEveryTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, says(time.Millisecond, 1))
		k.event("e", "d.count", 0)
		k.sink()
		inputs, decided, ticks := map[sched.InputKind]uint64{}, map[sched.DecisionKind]uint64{}, uint64(0)
		k.cfg.Observe = func(ins []sched.Input, took time.Duration, out []sched.Decision) {
			if took < 0 {
				t.Errorf("a tick took %v", took)
			}
			ticks++
			for i := range ins {
				inputs[ins[i].Kind]++
			}
			for i := range out {
				decided[out[i].Kind]++
			}
		}
		e := k.run(3 * time.Second)
		_, snap := e.snapshot()
		if ticks != snap.ticks+1 { // the start is none of the core's ticks
			t.Errorf("%d ticks were observed of %d", ticks, snap.ticks)
		}
		if n := snap.stats.Frames[0]; n < 28 || inputs[sched.InputFrame] != n {
			t.Errorf("%d pictures were observed of %d", inputs[sched.InputFrame], n)
		}
		if n := snap.stats.Lanes[0].Runs; n < 28 || decided[sched.DecisionRun] != n || inputs[sched.InputFinished] != n {
			t.Errorf("%d starts and %d ends were observed of %d runs", decided[sched.DecisionRun], inputs[sched.InputFinished], n)
		}
		if decided[sched.DecisionEvent] < 2 {
			t.Errorf("%d changes of events were observed, want confirmed and ended", decided[sched.DecisionEvent])
		}
	})
}
