package sched

import (
	"math"

	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// during is when an event is watched: outside of these hours its answer is no. Wall time is core time plus the offset that
// the last input said, so a replay sees the same hours.
type during struct {
	schedule *event.Schedule // nil: always
	open     bool
	changes  tick.Time // when open changes, by the present offset
}

// at returns whether an event with hours is watched at an instant and when that changes.
func (d *during) at(now tick.Time, offset int64) (bool, tick.Time) {
	if now >= d.changes {
		open, next := d.schedule.At(int64(now) + offset)
		d.open, d.changes = open, tick.Never
		if next != math.MaxInt64 {
			d.changes = max(tick.Time(next-offset), now+1)
		}
	}
	return d.open, d.changes
}

// wall takes another offset of the wall clock: every event with hours looks at it again.
func (c *Core) wall(in *Input, out []Decision) []Decision {
	out = c.settle(c.now, out) // what was before it carries the old offset
	c.offset = in.Offset
	for _, i := range c.timed {
		c.watches[i].during.changes = 0
		c.mark(i)
	}
	return out
}
