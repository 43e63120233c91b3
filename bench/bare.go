package bench

import (
	"sync"
	"time"

	"rvo.dev/engine/tick"
)

// bareShare is how many pictures of a camera there are for one moment of the bare goroutine: enough of them in a window, and
// next to nothing beside the load.
const bareShare = 8

// bare has a goroutine wait for a camera's clock and do nothing else, in a scenario that asks for it, until its result is
// called: how late each moment of the window was told goes to late. That is what timer, kernel and runtime take beside that
// load before any engine sees a picture, a part of every latency that is counted from the moment a picture was due.
func bare(s *Scenario, t *tally, late hist) (stop func(), err error) {
	if !s.Timer {
		return func() {}, nil
	}
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	period := time.Duration(float64(bareShare) * float64(time.Second) / s.FPS)
	due := tick.Time(period / (2 * bareShare)) // between two pictures
	b, err := newBeat(now, due, period, watched(period/bareShare))
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b.wait() == nil {
			if t.in(due) {
				late.add(now().Sub(due))
			}
			due = due.Add(period)
		}
	}()
	return sync.OnceFunc(func() {
		_ = b.close() // ends the wait
		<-done
	}), nil
}
