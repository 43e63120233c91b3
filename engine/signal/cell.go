package signal

import (
	"math"
	"time"

	"rvo.dev/engine/tick"
)

// Cell is the newest value of one signal on one camera. The zero Cell has never been seen.
type Cell struct {
	Value   Value
	Capture tick.Time     // of the picture the value was found on
	Frame   uint64        // that picture's sequence number, 0 when there was none
	At      tick.Time     // when the core had it
	Since   tick.Time     // when its producer started on this camera, tick.Never before that
	TTL     time.Duration // set before the first value; Retune changes it later
	stale   tick.Time     // the first instant at which the value no longer decides: 0 without one
}

// void is the instant at which a value that must not decide became stale.
const void tick.Time = math.MinInt64

// Seen reports whether the cell ever had a value.
func (c *Cell) Seen() bool { return c.Value.typ != TypeNone }

// Fresh reports whether the value may still decide: now - capture <= ttl. now is not negative.
func (c *Cell) Fresh(now tick.Time) bool { return now < c.stale }

// Stale returns the first instant at which the value does not decide any more. It is not later than any present where
// there is no value or it is void.
func (c *Cell) Stale() tick.Time { return c.stale }

// Expiry returns the last instant at which the value is fresh by its time to live.
func (c *Cell) Expiry() tick.Time { return c.Capture.Add(c.TTL) }

// Set stores a value unless the cell holds one with a later capture time; it reports whether it did.
func (c *Cell) Set(v Value, capture, now tick.Time, frame uint64) bool {
	if c.Seen() && capture < c.Capture {
		return false
	}
	c.Value, c.Capture, c.At, c.Frame = v, capture, now, frame
	c.stale = 0
	if c.Seen() {
		c.stale = c.Expiry().Add(1)
	}
	return true
}

// Retune gives the cell another time to live, which holds for the present value too.
func (c *Cell) Retune(ttl time.Duration) {
	c.TTL = ttl
	if c.Seen() && !c.Void() {
		c.stale = c.Expiry().Add(1)
	}
}

// Invalidate says that the present value must not decide although its time is not over: its camera is known to be frozen
// or stalled. The next value clears it.
func (c *Cell) Invalidate() {
	if c.Seen() {
		c.stale = void
	}
}

// Void reports whether the present value was invalidated.
func (c *Cell) Void() bool { return c.stale == void }
