package evidence

import (
	"time"

	"rvo.dev/engine/tick"
)

const (
	// MaxOpen is how much longer than pre + post a clip may get because its event lasts or because others overlap it.
	// A minute tells what happened and stays within what a ring and its hold can carry; a longer event has its
	// beginning in the clip and its end in the event record.
	MaxOpen = 60 * time.Second
	// MaxWindow bounds pre and post.
	MaxWindow = 10 * time.Minute
	// CutDelay is how long after a window's end its last pictures may still come out of the encoder. A clip waits for
	// them unless a later picture has come.
	CutDelay = 250 * time.Millisecond
	// MaxPending bounds the clips of one policy and camera that are open or wait to be written. More than a few means
	// a disk that does not keep up: further requests are dropped as "backlog".
	MaxPending = 16
	// MaxEvents bounds the events that one clip lists; further ones are counted in it.
	MaxEvents = 64
)

// member is one event's part in a clip.
type member struct {
	req   Request
	ended tick.Time // when the event ended, tick.Never while it lasts
}

// clip is a clip from its request to its folder.
type clip struct {
	policy  Policy // as it was when the event confirmed: a swap does not change what was promised
	track   *track
	name    string
	members []member
	more    int       // events past MaxEvents
	from    tick.Time // where the earliest window begins
	until   tick.Time // where the latest window ends, of events that are over or not listed
	limit   tick.Time // where the clip ends at the latest
	core    span      // around the moments that decided
	pin     *pin
	shot    Sample // the picture nearest to the first decision as far as it was encoded at Open; may be none

	// writing is set by the evidence goroutine once the window is closed: nothing joins any more.
	writing bool
	tries   int
	retryAt tick.Time
}

// end returns where the window ends as far as is known: at the limit while an event lasts.
func (c *clip) end() tick.Time {
	end := c.until
	for i := range c.members {
		m := &c.members[i]
		if m.ended == tick.Never {
			return c.limit
		}
		end = max(end, m.end(c.policy.Post))
	}
	return min(end, c.limit)
}

// end returns where the window of an event that is over ends.
func (m *member) end(post time.Duration) tick.Time { return max(m.req.Confirmed, m.ended).Add(post) }

// lasting reports whether an event of the clip was still going on.
func (c *clip) lasting() bool {
	for i := range c.members {
		if c.members[i].ended == tick.Never {
			return true
		}
	}
	return false
}

// admits reports whether the event's window overlaps this clip's and can be covered by it whole.
func (c *clip) admits(q *Request) bool {
	return !c.writing && q.Capture.Add(-c.policy.Pre) <= c.end() && q.Confirmed.Add(c.policy.Post) <= c.limit
}

// join makes the event part of the clip.
func (c *clip) join(q Request) {
	c.from = min(c.from, q.Capture.Add(-c.policy.Pre))
	if len(c.members) == MaxEvents {
		c.more++
		c.until = max(c.until, q.Confirmed.Add(c.policy.Post))
	} else {
		m := member{req: q, ended: tick.Never}
		if q.Ended {
			m.ended = q.Confirmed
		}
		c.members = append(c.members, m)
	}
	c.core.to = max(c.core.to, q.Confirmed.Add(c.policy.Post))
	c.repin()
}

// repin tells the ring what the clip needs as far as is known.
func (c *clip) repin() {
	c.core.from = c.from
	c.pin.move(span{c.from, c.end()}, c.core)
}
