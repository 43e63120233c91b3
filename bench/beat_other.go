//go:build !linux

package bench

import (
	"time"

	"rvo.dev/engine/tick"
)

// beat tells the moments of an exact rate, by an alarm for each.
type beat struct {
	alarm *alarm
	now   func() tick.Time
	next  tick.Time
	step  time.Duration
}

// newBeat returns a beat whose first moment is first, on the clock that now reads, the others each a period after the one
// before. Nothing of a wait is watched here.
func newBeat(now func() tick.Time, first tick.Time, period, _ time.Duration) (*beat, error) {
	a, err := newAlarm()
	if err != nil {
		return nil, err
	}
	return &beat{alarm: a, now: now, next: first, step: period}, nil
}

// wait returns at the next moment, at once for one that has passed, or with an error once the beat is closed.
func (b *beat) wait() error {
	if err := b.alarm.wait(b.next.Sub(b.now())); err != nil {
		return err
	}
	b.next = b.next.Add(b.step)
	return nil
}

// close ends a wait that lasts, and all later ones.
func (b *beat) close() error { return b.alarm.close() }
