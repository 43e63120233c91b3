// Package tick holds the time of the core: nanoseconds on one monotonic line that starts with the run.
//
//	now := tick.Time(0)
//	due := now.Add(250 * time.Millisecond)
//
// Nothing here reads a clock. On a live run the shell maps the monotonic clock to this line; in lockstep it is media
// time; in a test it is whatever the test says. It starts no goroutine.
package tick

import (
	"math"
	"time"
)

// Time is a point of core time: nanoseconds since the run began. It is never negative on a live run.
type Time int64

// Never is later than every deadline.
const Never Time = math.MaxInt64

// Add returns t + d, or Never where that is past the end of the line.
func (t Time) Add(d time.Duration) Time {
	s := t + Time(d)
	if d > 0 && s < t {
		return Never
	}
	return s
}

// Sub returns t - u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// String prints t as a duration since the run began.
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return time.Duration(t).String()
}

// Tick is one turn of the core: its number, from 1, and its time.
type Tick struct {
	N   uint64
	Now Time
}
