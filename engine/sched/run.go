package sched

import (
	"slices"
	"time"

	"rvo.dev/engine/tick"
)

// abandoned is a run that was given up and has not come back.
type abandoned struct {
	job, seq uint64
}

// begin turns a lane's offer into a run. The offer's hold on the picture becomes the run's.
func (c *Core) begin(l *lane, li int, out []Decision) []Decision {
	c.job++
	c.Stats.Lanes[li].Runs++
	l.busy, l.job, l.seq, l.capture = true, c.job, l.offerSeq, l.offerCapture
	if l.noFrame {
		l.capture = c.now
	}
	l.offer = false
	if c.now != c.lastBegin {
		c.lastBegin, c.begun = c.now, 0
	}
	c.begun++
	l.began, l.turn = c.now, c.now.Add(l.period+c.begun) // in the order of these starts: by index some would always win
	l.timeout = c.now.Add(l.limit)
	c.out(l, int32(li))
	if !l.noFrame || l.chained {
		c.advanceDue(l, li, l.offerAt)
	}
	if l.health == HealthBroken {
		out = c.setHealth(li, HealthProbing, out)
	}
	out, d := next(out)
	d.Kind, d.Camera, d.Seq, d.Instance, d.Job = DecisionRun, l.camera, l.seq, li, l.job
	return out
}

// advanceDue moves a lane to the first slot of its rate that a run on what was offered at that instant does not serve: a
// run that had to wait serves the slot it came for, and not the next one too. Slots that passed are counted, not caught up.
//
// A picture that is late by less than a period serves its own slot, and one that is early by up to the tolerance too: pictures
// that come at the rate itself are all served, wherever between the slots they lie. Were a late one to count for the nearer slot,
// pictures half way between two slots, each a little early or late, would use up two in one turn and be refused in the next: a
// quarter of the runs.
func (c *Core) advanceDue(l *lane, li int, offered tick.Time) {
	if late := offered.Sub(l.due); late >= l.period {
		passed := late / l.period // a division takes as long as all the rest
		c.Stats.Lanes[li].Missed += uint64(passed)
		l.due = l.due.Add(passed * l.period)
	}
	l.due = l.due.Add(l.period)
}

// out notes a run that has begun.
func (c *Core) out(l *lane, li int32) {
	l.place = len(c.running)
	if l.place < cap(c.running) {
		c.running = c.running[:l.place+1]
		e := &c.running[l.place]
		e.key, e.id = l.timeout, li // in place: an entry that is made and copied stalls on its parts
	} else {
		c.running = append(c.running, entry{l.timeout, li})
	}
	c.expires = min(c.expires, l.timeout)
}

// finished takes a run's end.
func (c *Core) finished(in *Input, out []Decision) []Decision {
	if in.Instance < 0 || in.Instance >= len(c.lanes) {
		return c.orphaned(in, out)
	}
	l := &c.lanes[in.Instance]
	if !l.busy || l.job != in.Job {
		return c.late(in, out)
	}
	c.release(l)
	c.review(l, in.Instance) // a picture may have come while it was busy
	st := &c.Stats.Lanes[in.Instance]
	st.Took += time.Duration(in.Took)
	if c.stopped {
		return c.unhold(l.camera, l.seq, out)
	}
	switch in.Outcome {
	case OutcomeOK:
		st.OK++
		l.fails = 0
		if l.health != HealthOK {
			out = c.setHealth(in.Instance, HealthOK, out)
		}
		out = c.publish(in, l, out)
	case OutcomeFailed:
		st.Failed++
		out = c.failed(in.Instance, out)
	case OutcomePanic:
		st.Panics++
		out = c.failed(in.Instance, out)
	case OutcomeTimeout:
		st.Timeouts++
		l.leaked = append(l.leaked, abandoned{l.job, 0})
		out = c.failed(in.Instance, out)
	}
	c.adjust(l, time.Duration(in.Took))
	if len(c.guard.lanes) > 0 {
		c.learn(in.Instance)
	}
	return c.unhold(l.camera, l.seq, out)
}

// release gives back what a run held.
func (c *Core) release(l *lane) {
	l.busy, l.ended = false, c.now
	last := len(c.running) - 1
	if l.place < last {
		from, to := &c.running[last], &c.running[l.place]
		to.key, to.id = from.key, from.id
		c.lanes[to.id].place = l.place
	}
	c.running = c.running[:last]
	c.giveBack(&l.claim)
}

// publish stores a run's values and offers its picture to the detectors that wait for them.
func (c *Core) publish(in *Input, l *lane, out []Decision) []Decision {
	blind := c.cams[l.camera].frozen && !l.noFrame
	if len(c.dirty) > 0 {
		for i := range in.Outputs {
			out = c.touch(l.outputs[in.Outputs[i].Index], out)
		}
	}
	for i := range in.Outputs {
		o := &in.Outputs[i]
		set := false
		if !blind {
			out, set = c.write(l.outputs[o.Index], &o.Value, l.capture, l.seq, out)
		}
		if !set {
			c.Stats.Stale++
		}
	}
	capture := l.capture
	if l.noFrame && l.seq != 0 {
		capture = c.captured(l.camera, l.seq) // it did not look at the picture, they may
	}
	for _, li := range l.consumers {
		out = c.propose(&c.lanes[li], li, l.seq, capture, out)
	}
	return out
}

// late takes the end of a run that was abandoned: its result is stale by definition, only what it held comes back.
func (c *Core) late(in *Input, out []Decision) []Decision {
	l := &c.lanes[in.Instance]
	for i, a := range l.leaked {
		if a.job == in.Job {
			c.Stats.Late++
			l.leaked = slices.Delete(l.leaked, i, i+1)
			return c.unhold(l.camera, a.seq, out)
		}
	}
	return c.orphaned(in, out)
}

// alarm has a lane looked at when its time has come.
func (c *Core) alarm(li int32, at tick.Time) {
	if l := &c.lanes[li]; !l.alarmed {
		l.alarmed = true
		c.alarms.push(entry{at, li})
	}
}

// timers deals with what lanes wait for by time: runs that take too long, detectors that are due without a picture, and
// those that have one and wait for their rate.
func (c *Core) timers(out []Decision) []Decision {
	if c.stopped {
		return out
	}
	if c.expires <= c.now {
		for _, e := range slices.Backward(c.running) { // from the end: what takes a place has been looked at
			if e.key <= c.now {
				out = c.abandon(int(e.id), out)
			}
		}
		out = c.giveUpOrphans(out)
		c.expires = c.nextTimeout()
	}
	for len(c.alarms) > 0 && c.alarms[0].key <= c.now {
		e := c.alarms.pop()
		l := &c.lanes[e.id]
		l.alarmed = false
		if !l.noFrame || l.chained {
			c.review(l, int(e.id)) // asks for another alarm where it is still too soon
			continue
		}
		if l.due <= c.now {
			out = c.propose(l, int(e.id), 0, c.now, out)
			c.advanceDue(l, int(e.id), c.now)
		}
		c.alarm(e.id, l.due)
	}
	return out
}

// nextTimeout returns when the first run exceeds its timeout.
func (c *Core) nextTimeout() tick.Time {
	at := tick.Never
	for i := range c.running {
		at = min(at, c.running[i].key)
	}
	for i := range c.orphans {
		at = min(at, c.orphans[i].timeout)
	}
	return at
}

// abandon gives a run up. Its slot is free again because the shell replaces the thread; its picture stays held.
func (c *Core) abandon(li int, out []Decision) []Decision {
	l := &c.lanes[li]
	c.release(l)
	c.review(l, li)
	c.Stats.Lanes[li].Timeouts++
	l.leaked = append(l.leaked, abandoned{l.job, l.seq})
	out = append(out, Decision{Kind: DecisionAbandon, Instance: li, Job: l.job})
	return c.failed(li, out)
}
