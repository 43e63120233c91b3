package sched

import (
	"iter"

	"rvo.dev/engine/tick"
)

// Step takes one input: a turn of its own.
func (c *Core) Step(in Input, out []Decision) []Decision {
	if in.Kind == InputStart {
		return c.start(&in, out)
	}
	if !c.started {
		return c.refuse(&in, out)
	}
	out = c.pass(in.Now, out)
	out = c.accept(&in, out)
	return c.conclude(out)
}

// Turn takes the inputs that arrived together, in their order, and appends what they make the core decide. All of them
// happen at one instant, the latest of theirs, and what may start is decided once, after the last. What conditions and
// events say is what a turn for each would have made them say.
//
// Deadlines that passed since the last turn are dealt with first, each at its own instant, so that events do not depend
// on how late a wake-up came. A turn whose instant lies before the last one's counts as at the last one's. InputStart has
// a turn of its own.
//
// Turn keeps nothing of ins but values.
func (c *Core) Turn(ins []Input, out []Decision) []Decision {
	if len(ins) == 0 {
		return out
	}
	if ins[0].Kind == InputStart {
		out = c.start(&ins[0], out)
		return c.Turn(ins[1:], out)
	}
	if !c.started {
		for i := range ins {
			out = c.refuse(&ins[i], out)
		}
		return out
	}
	now := ins[0].Now
	for i := range ins {
		now = max(now, ins[i].Now)
	}
	out = c.pass(now, out)
	for i := range ins {
		out = c.accept(&ins[i], out)
	}
	return c.conclude(out)
}

// pass begins a turn at an instant: what was due until then is dealt with.
func (c *Core) pass(now tick.Time, out []Decision) []Decision {
	c.ticks++
	now = max(now, c.now)
	out = c.advance(now, out)
	c.now = now
	return out
}

// accept takes one input of a turn.
func (c *Core) accept(in *Input, out []Decision) []Decision {
	if c.stopped && in.Kind != InputFinished {
		return c.refuse(in, out)
	}
	c.input++
	switch in.Kind {
	case InputFrame:
		return c.frame(in, out)
	case InputCamera:
		return c.camera(in, out)
	case InputFinished:
		return c.finished(in, out)
	case InputDeadline:
	case InputWall:
		return c.wall(in, out)
	case InputExternal:
		return c.external(in, out)
	case InputMute:
		out = c.settle(c.now, out) // what was before it is not muted
		c.watches[c.machines[in.Machine]].muted = in.Until
	case InputSwap:
		return c.swap(in.Swap, out)
	case InputAway:
		return c.away(in, out)
	case InputStop:
		out = c.settle(c.now, out)
		return c.stop(out)
	case InputStart:
		panic("sched: started twice")
	}
	return out
}

// conclude ends a turn: conditions are evaluated, what may start is started, the next wake is asked for.
func (c *Core) conclude(out []Decision) []Decision {
	out = c.settle(c.now, out)
	out = c.timers(out)
	out = c.dispatch(out)
	return c.askWake(out)
}

// refuse deals with what comes before the start or after the stop: a picture is dropped again, the rest is nothing.
func (c *Core) refuse(in *Input, out []Decision) []Decision {
	if in.Kind == InputFrame {
		c.Stats.Frames[in.Camera]++
		out = append(out, Decision{Kind: DecisionDrop, Camera: in.Camera, Seq: in.Seq})
	}
	return out
}

// askWake tells the shell when to come back, if that is before the instant it was told, or that has come. A deadline that
// moved away, as most do with every value, is not worth a word: the shell comes once and finds nothing to do.
func (c *Core) askWake(out []Decision) []Decision {
	at := tick.Never
	if !c.stopped { // the shell bounds the runs that are still out
		at = min(c.wakes.bound, c.expires)
		if len(c.alarms) > 0 {
			at = min(at, c.alarms[0].key)
		}
		if at >= c.asked && c.now < c.asked {
			return out
		}
		c.expires = c.nextTimeout()
		at = min(c.wakes.first(), c.expires)
		if len(c.alarms) > 0 {
			at = min(at, c.alarms[0].key)
		}
	}
	if at != c.asked {
		c.asked = at
		out = append(out, Decision{Kind: DecisionWake, At: at})
	}
	return out
}

// Turns gives the turns of an input log in their order: an input with More is in one turn with the next.
func Turns(log []Input) iter.Seq[[]Input] {
	return func(yield func([]Input) bool) {
		from := 0
		for i := range log {
			if log[i].More && i+1 < len(log) {
				continue
			}
			if !yield(log[from : i+1]) {
				return
			}
			from = i + 1
		}
	}
}
