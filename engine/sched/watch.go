package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// watch is a condition that is kept evaluated: an event's machine or a detector's gate.
type watch struct {
	prog    *event.Program
	state   *event.EvalState
	dirty   uint64 // number of the input that touched it since it was evaluated last; 0: none did
	wake    tick.Time
	timer   tick.Time // the machine's own part of wake
	cfg     *event.Config
	machine int32 // index, -1: a gate
	lane    int32 // index, -1: a machine
	answer  event.Answer
	soft    bool // a value was repeated since: wake may come early
	m       event.Machine
	// occurrence is the id of the present occurrence of the event.
	occurrence string
}

func (c *Core) watch(w watch) int32 {
	i := int32(len(c.watches))
	w.state, w.wake, w.timer = w.prog.NewState(), tick.Never, tick.Never
	c.watches = append(c.watches, w)
	for _, cell := range w.prog.Cells() {
		c.readers[cell] = append(c.readers[cell], i)
	}
	return i
}

// write stores a value in a cell, unless that has a newer one, and has everything evaluated that reads it. A value that
// says again what the cell says and may still decide changes no answer: only what it makes due comes later, so half of
// the time until it is stale may pass before that is looked at.
func (c *Core) write(cell int, v *signal.Value, capture tick.Time, frame uint64, out []Decision) ([]Decision, bool) {
	s := &c.cells[cell]
	if s.Fresh(c.now) && repeats(&s.Value, v) {
		if !s.Set(*v, capture, c.now, frame) {
			return out, false
		}
		half := c.now.Add(s.Stale().Sub(c.now) / 2)
		for _, i := range c.readers[cell] {
			if w := &c.watches[i]; w.wake > half {
				w.soft = true
			} else {
				c.mark(i)
			}
		}
	} else {
		out = c.touch(cell, out)
		if !s.Set(*v, capture, c.now, frame) {
			return out, false
		}
		c.markReaders(cell)
	}
	return append(out, Decision{Kind: DecisionSignal, Cell: cell}), true
}

// repeats reports whether two values are the same, where that is quickly seen: of lists of boxes only empty ones are.
func repeats(a, b *signal.Value) bool {
	return a.Type() == b.Type() && a.Bits() == b.Bits() && (a.Type() < signal.TypeLabel || a.Equal(*b))
}

// touch is to be called before a cell changes. Conditions are evaluated at the end of a turn, but no condition misses a
// state: one that another input of the turn has touched is evaluated before this one touches it too, and with it all
// that were touched, so that what happens, and in which order, does not depend on what came in one turn.
func (c *Core) touch(cell int, out []Decision) []Decision {
	if len(c.dirty) == 0 {
		return out
	}
	for _, w := range c.readers[cell] {
		if d := c.watches[w].dirty; d != 0 && d != c.input {
			return c.settle(c.now, out)
		}
	}
	return out
}

// markReaders has everything that reads a cell evaluated.
func (c *Core) markReaders(cell int) {
	for _, w := range c.readers[cell] {
		c.mark(w)
	}
}

func (c *Core) mark(i int32) {
	if w := &c.watches[i]; w.dirty == 0 {
		w.dirty = c.input
		c.dirty = append(c.dirty, i)
	}
}

// advance runs the deadlines of conditions and machines up to now, in order, each at its own instant.
func (c *Core) advance(now tick.Time, out []Decision) []Decision {
	for !c.stopped {
		_, first := c.wakes.first()
		if first > now {
			return out
		}
		at := max(first, c.now)
		for {
			i, key := c.wakes.first()
			if key > at {
				break
			}
			wake := c.watches[i].wake
			if wake <= at {
				c.mark(i)
				wake = tick.Never // until it has been evaluated
			}
			c.wakes.correct(wake)
		}
		slices.Sort(c.dirty) // not by what their keys happened to be
		c.now = at
		out = c.settle(at, out)
	}
	return out
}

// nextWake returns when the first condition or machine is to be looked at again.
func (c *Core) nextWake() tick.Time {
	for {
		i, key := c.wakes.first()
		if key == tick.Never {
			return key
		}
		w := &c.watches[i]
		if key == w.wake {
			if !w.soft {
				return key
			}
			// The answer is the one there was; only its end has moved.
			_, wake := w.prog.Eval(c.cells, w.state, c.now)
			w.soft, w.wake = false, max(min(wake, w.timer), c.now+1)
		}
		c.wakes.correct(w.wake)
	}
}

// settle evaluates what is marked, at the instant at.
func (c *Core) settle(at tick.Time, out []Decision) []Decision {
	for _, i := range c.dirty {
		w := &c.watches[i]
		w.dirty = 0
		if c.stopped {
			continue
		}
		answer, wake := w.prog.Eval(c.cells, w.state, at)
		if w.machine < 0 {
			if answer == yes && w.answer != yes {
				c.review(int(w.lane)) // the gate opens on what waits for it
			}
		} else if answer != w.answer || w.timer <= at {
			c.trans = w.m.Step(w.cfg, answer, at, c.trans[:0])
			w.timer = w.m.Wake(w.cfg)
			if len(c.trans) > 0 {
				out = c.emit(w, out)
			}
		}
		w.answer, w.soft = answer, false
		// A deadline that does not move must not hold time still.
		w.wake = max(min(wake, w.timer), at+1)
		c.wakes.by(i, w.wake)
	}
	c.dirty = c.dirty[:0]
	return out
}

// emit turns a machine's transitions into decisions.
func (c *Core) emit(w *watch, out []Decision) []Decision {
	m := &c.g.Machines[w.machine]
	for _, t := range c.trans {
		c.Stats.Transitions[t.Kind]++
		d := Decision{Kind: DecisionEvent, At: t.At, Machine: int(w.machine), EventDetail: &EventDetail{
			Transition: t, Offset: c.offset, FrameCam: m.Camera,
		}}
		if t.Kind == event.KindConfirmed {
			w.occurrence = c.occurrence(m, t.Seq)
		}
		if t.Kind == event.KindConfirmed || t.Kind == event.KindUpdated || t.Kind == event.KindEnded {
			d.Occurrence = w.occurrence
			d.Leaves = w.prog.Explain(c.cells, w.state, t.At)
			c.deciding(w, &d)
		}
		out = append(out, d)
	}
	return out
}

// deciding finds the newest picture among the leaves' values.
func (c *Core) deciding(w *watch, d *Decision) {
	first := true
	for _, i := range w.prog.Cells() {
		cell := &c.cells[i]
		if cell.Seen() && cell.Frame > 0 && (first || cell.Capture > d.Capture) {
			d.Capture, d.Frame, d.FrameCam, first = cell.Capture, cell.Frame, c.g.Cells[i].Camera, false
		}
	}
}

// occurrence is the id of an event's seq-th occurrence: unique across restarts, equal on replay (DESIGN 4).
func (c *Core) occurrence(m *graph.Machine, seq uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", c.run, c.g.Cameras[m.Camera].ID, c.g.Events[m.Event].ID, seq))
	return hex.EncodeToString(sum[:12])
}
