package test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// expect resolves one expectation; it reports whether it has no time.
func (c *compiler) expect(i int, tolerance time.Duration) (open bool) {
	in := &c.in.Expect[i]
	path := fmt.Sprintf("%s.expect.%d", c.base, i)
	e := expectation{
		state: State(or(in.State, string(Confirmed))), timed: in.At != nil, at: tick.Time(duration(in.At, 0)),
		tolerance: duration(in.Tolerance, tolerance), path: path,
	}
	if in.Reason != nil {
		if e.state != Ended {
			c.fault(path+".reason", "only what has ended has a reason: it goes with state: \"ended\"", "")
		}
		for r := event.ReasonNo; r <= event.ReasonMax; r++ {
			if r.String() == *in.Reason {
				e.reason = r
			}
		}
	}
	if in.Tolerance != nil && !e.timed {
		c.fault(path+".tolerance", "a tolerance goes with at, and there is none", "")
	}
	for _, m := range c.machines(path, in.Event, in.Camera, e.state) {
		e.machine = m
		c.test.expect = append(c.test.expect, e)
	}
	return !e.timed
}

// forbid resolves one prohibition.
func (c *compiler) forbid(i int) {
	in := &c.in.Forbid[i]
	path := fmt.Sprintf("%s.forbid.%d", c.base, i)
	f := prohibition{
		state: State(or(in.State, string(Confirmed))), from: tick.Time(duration(in.From, 0)),
		to: tick.Time(duration(in.To, time.Duration(tick.Never))), path: path,
	}
	if f.from >= f.to {
		c.fault(path, fmt.Sprintf("from %s to %s is no time at all: to has to be later", short(f.from), short(f.to)), "")
	}
	for _, m := range c.machines(path, in.Event, in.Camera, f.state) {
		f.machine = m
		c.test.forbid = append(c.test.forbid, f)
	}
}

// machines returns the machines of an event that are meant: that on a camera, or those on all cameras it is watched on.
func (c *compiler) machines(path, id string, camera *string, s State) []int {
	ei := slices.IndexFunc(c.g.Events, func(e graph.Event) bool { return e.ID == id })
	if ei < 0 {
		if _, known := c.doc.Pipeline.Events[id]; known {
			c.fault(path+".event", fmt.Sprintf("event %s is not enabled: nothing comes of it", id), "")
		} else {
			c.unknown(path+".event", c.doc.ValuePlace(path+".event"), "event", id, slices.Collect(maps.Keys(c.doc.Pipeline.Events)))
		}
		return nil
	}
	e := &c.g.Events[ei]
	switch {
	case s == Updated && e.Updates == 0:
		c.fault(path+".state", fmt.Sprintf("event %s has no updates", id), "give it updates, or expect something else")
	case s == Cooldown && e.Cooldown == 0:
		c.fault(path+".state", fmt.Sprintf("event %s has no cooldown", id), "give it a cooldown, or expect ended")
	case s == Potential && e.Hold == 0:
		c.fault(path+".state", fmt.Sprintf("event %s has no hold: it is confirmed at once", id), "give it a hold, or expect confirmed")
	}
	if e.Scope == graph.ScopePipeline {
		if camera != nil {
			c.fault(path+".camera", fmt.Sprintf("event %s is watched once for the pipeline and not on a camera", id), "")
		}
		return e.Machines
	}
	ci, ok := c.camera(path+".camera", camera)
	if camera == nil {
		ci, ok = c.main, c.mainOK
	}
	if !ok {
		return nil
	}
	var out []int
	for _, m := range e.Machines {
		if ci == graph.AllCameras || c.g.Machines[m].Camera == ci {
			out = append(out, m)
		}
	}
	switch {
	case len(out) > 0:
	case ci == graph.AllCameras:
		c.fault(path+".event", fmt.Sprintf("event %s is watched on no camera that is enabled", id), "")
	default:
		c.fault(path+".event", fmt.Sprintf("event %s is not watched on camera %s", id, c.g.CameraID(ci)), "")
	}
	return out
}
