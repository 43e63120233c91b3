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
	for i := range c.cams[camera].held {
		if h := &c.cams[camera].held[i]; h.seq == seq {
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
	cam := &c.cams[camera]
	for i := range cam.held {
		if cam.held[i].seq != seq {
			continue
		}
		if cam.held[i].refs--; cam.held[i].refs == 0 {
			last := len(cam.held) - 1
			for ; i < last; i++ {
				a, b := &cam.held[i], &cam.held[i+1]
				a.seq, a.capture, a.refs = b.seq, b.capture, b.refs
			}
			cam.held = cam.held[:last]
			var d *Decision
			out, d = next(out)
			d.Kind, d.Camera, d.Seq = DecisionDrop, camera, seq
		}
		return out
	}
	panic("sched: unhold of a picture that was dropped")
}
