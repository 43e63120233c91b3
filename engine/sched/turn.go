package sched

import (
	"iter"

	"rvo.dev/engine/tick"
)

// Step takes one input: a turn of its own.
func (c *Core) Step(in Input, out []Decision) []Decision {
	one := [1]Input{in}
	return c.Turn(one[:], out)
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
	if c.started {
		now := c.now
		for i := range ins {
			now = max(now, ins[i].Now)
		}
		c.ticks++
		out = c.advance(now, out)
		c.now = now
	}
	for i := range ins {
		in := &ins[i]
		if !c.started || c.stopped && in.Kind != InputFinished {
			out = c.refuse(in, out)
			continue
		}
		c.input++
		switch in.Kind {
		case InputFrame:
			out = c.frame(in, out)
		case InputCamera:
			out = c.camera(in, out)
		case InputFinished:
			out = c.finished(in, out)
		case InputDeadline:
		case InputWall:
			out = c.wall(in, out)
		case InputExternal:
			out = c.external(in, out)
		case InputMute:
			out = c.settle(c.now, out) // what was before it is not muted
			c.watches[c.machines[in.Machine]].muted = in.Until
		case InputSwap:
			out = c.swap(in.Swap, out)
		case InputStop:
			out = c.settle(c.now, out)
			out = c.stop(out)
		case InputStart:
			panic("sched: started twice")
		}
	}
	if !c.started {
		return out
	}
	return c.conclude(out)
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

// askWake tells the shell when to come back, if that changed.
func (c *Core) askWake(out []Decision) []Decision {
	at := tick.Never
	if !c.stopped { // the shell bounds the runs that are still out
		at = min(c.nextWake(), c.nextTimeout())
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
