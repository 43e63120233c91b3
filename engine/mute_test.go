package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

// TestMutedEvent: an occurrence that begins while the event is muted is counted and nobody hears of it, one that was told of
// is told of to its end, also when that is muted.
func TestMutedEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, func(_ context.Context, n uint64, run *node.Run) error {
			run.Set("count", signal.Int(int64(n/20%2))) // two seconds without, two with
			return nil
		})
		k.event("e", "d.count", 0)
		k.sink()
		e := k.engine()
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		defer cancel()
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		mute := func(d time.Duration) {
			e.do(func() {
				e.step(sched.Input{Kind: sched.InputMute, Now: e.now(), Machine: 0, Until: e.now().Add(d)})
			})
		}
		time.Sleep(3 * time.Second) // the first has begun
		mute(5 * time.Second)       // its end and the second's beginning
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		want := []string{"e@front confirmed", "e@front ended no", "e@front confirmed", "e@front ended no"}
		if got := k.states(); !slices.Equal(got, want) {
			t.Errorf("records %q, want %q", got, want)
		}
		if n := e.w.Load().machines[0].changes.of(event.KindConfirmed, event.ReasonNone).Load(); n != 3 {
			t.Errorf("%d confirmations are counted, want 3", n)
		}
		k.clean()
	})
}
