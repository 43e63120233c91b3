package sched

import (
	"time"

	"rvo.dev/engine/tick"
)

// smooth follows the camera's real rate: an eighth of the difference each picture, so that one late picture does not
// change the schedule and a new rate is known within a dozen. A gap of ten periods is an outage, and a burst after
// connecting no rate.
func (cam *camera) smooth(d time.Duration) {
	switch {
	case cam.period == 0:
		cam.period = d
	case d < 10*cam.period:
		cam.period += (max(d, cam.period/2) - cam.period) / 8
	}
}

// hold adds a reference to a picture that the shell keeps.
func (c *Core) hold(camera int, seq uint64) {
	if seq == 0 {
		return
	}
	list := c.cams[camera].held
	for i := len(list) - 1; i >= 0; i-- { // mostly the newest
		if h := &list[i]; h.seq == seq {
			h.refs++
			return
		}
	}
	panic("sched: hold of a picture that was dropped")
}

// captured returns when a picture that is held was taken.
func (c *Core) captured(camera int, seq uint64) tick.Time {
	for i := range c.cams[camera].held {
		if h := &c.cams[camera].held[i]; h.seq == seq {
			return h.capture
		}
	}
	panic("sched: capture of a picture that was dropped")
}

// unhold gives a reference back and lets the shell drop the picture after the last.
func (c *Core) unhold(camera int, seq uint64, out []Decision) []Decision {
	if seq == 0 {
		return out
	}
	list := c.cams[camera].held
	for i := range list {
		h := &list[i]
		if h.seq != seq {
			continue
		}
		if h.refs--; h.refs > 0 {
			return out
		}
		last := len(list) - 1
		for ; i < last; i++ {
			a, b := &list[i], &list[i+1]
			a.seq, a.capture, a.refs = b.seq, b.capture, b.refs
		}
		c.cams[camera].held = list[:last]
		out, d := next(out)
		d.Kind, d.Camera, d.Seq = DecisionDrop, camera, seq
		return out
	}
	panic("sched: unhold of a picture that was dropped")
}
