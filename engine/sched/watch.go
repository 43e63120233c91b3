package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// watch is a condition that is kept evaluated: an event's machine or a detector's gate.
type watch struct {
	prog    *event.Program
	state   *event.EvalState
	dirty   uint64    // number of the input that touched it since it was evaluated last; 0: none did
	timer   tick.Time // the machine's own part of when it is due
	machine int32     // index, -1: a gate
	lane    int32     // index, -1: a machine
	answer  event.Answer
	renews  bool      // it is dirty only because its instant comes near
	place   int32     // in Core.dirty
	during  during    // so far what every evaluation looks at
	since   tick.Time // when the answer became what it is
	cfg     *event.Config
	muted   tick.Time // until when nobody wants to hear of it
	m       event.Machine
	// occurrence is the id of the present occurrence of the event.
	occurrence string
	born       uint64 // the generation that brought the machine; 0: it was there from the start
}

func (c *Core) watch(w watch) int32 {
	i := int32(len(c.watches))
	w.state, w.timer = w.prog.NewState(), tick.Never
	if w.during.schedule != nil {
		c.timed = append(c.timed, i)
	}
	c.watches = append(c.watches, w)
	for _, cell := range w.prog.Cells() {
		c.readers[cell] = append(c.readers[cell], i)
	}
	return i
}

// write stores a value in a cell, unless that has a newer one, and has everything evaluated that reads it. A value that
// says no other than what the cell says and may still decide changes no answer, it only makes its end come later. That is
// looked at when half of the time until then is over: the wake before that is early, and passed only where values stop coming.
// When else the condition or its event wants to wake, for a hold or a cooldown, has nothing to do with values that go on.
func (c *Core) write(cell int, v *signal.Value, capture tick.Time, frame uint64, out []Decision) ([]Decision, bool) {
	s := &c.cells[cell]
	repeats := c.repeats(cell, v)
	if !s.Set(*v, capture, c.now, frame) {
		return out, false
	}
	if repeats {
		half := c.now.Add(s.Stale().Sub(c.now) / 2)
		for _, i := range c.readers[cell] {
			if c.wakes.values[i] <= half {
				c.renew(i)
			}
		}
	} else {
		c.changed(cell, v)
	}
	out, d := next(out)
	d.Kind, d.Cell = DecisionSignal, cell
	return out, true
}

// changed has everything evaluated that reads a cell whose value says something else. It stands apart from write, whose code is
// mostly cold when it is called and hardly ever goes this way.
func (c *Core) changed(cell int, v *signal.Value) {
	c.bands.enter(cell, v.Order())
	c.markReaders(cell)
}

// repeats reports whether a value says no other to any condition than what its cell says and may still decide.
func (c *Core) repeats(cell int, v *signal.Value) bool {
	s := &c.cells[cell]
	if !s.Fresh(c.now) || s.Value.Type() != v.Type() {
		return false
	}
	if v.Type() < signal.TypeLabel {
		return c.bands.now[cell].has(v.Order())
	}
	return v.Equal(s.Value)
}

// touch is called for each cell that an input changes, before it changes the first. Conditions are evaluated at the end
// of a turn, but no condition misses a state: one that an earlier input of the turn has touched is evaluated before this
// one touches it too, and with it all that were touched, so that what happens, and in which order, does not depend on
// what came in one turn.
func (c *Core) touch(cell int, out []Decision) []Decision {
	if len(c.dirty) == 0 {
		return out
	}
	for _, w := range c.readers[cell] {
		if w := &c.watches[w]; w.dirty != 0 && w.dirty != c.input && !w.renews {
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

// taken stands in Core.dirty where a watch has gone to another place.
const taken = -1

func (c *Core) mark(i int32) {
	w := &c.watches[i]
	switch {
	case w.dirty == 0:
	case !w.renews:
		return
	case w.dirty == c.input:
		w.renews = false
		return
	default: // as if it had been renewed before this input came
		c.dirty[w.place] = taken
	}
	w.dirty, w.renews, w.place = c.input, false, int32(len(c.dirty))
	c.dirty = append(c.dirty, i)
}

// renew marks a watch whose answer does not change, only the instant at which it may. Nothing that comes after needs to wait
// until it has been evaluated.
func (c *Core) renew(i int32) {
	if w := &c.watches[i]; w.dirty == 0 {
		w.dirty, w.renews, w.place = c.input, true, int32(len(c.dirty))
		c.dirty = append(c.dirty, i)
	}
}

// advance runs the deadlines of conditions and machines up to now, in order, each at its own instant.
func (c *Core) advance(now tick.Time, out []Decision) []Decision {
	for c.wakes.bound <= now && !c.stopped {
		first := c.wakes.first()
		if first > now {
			break
		}
		c.now = max(first, c.now)
		from := len(c.dirty)
		c.dirty = c.wakes.take(c.now, c.dirty)
		for _, i := range c.dirty[from:] {
			c.watches[i].dirty = c.input
		}
		out = c.settle(c.now, out)
	}
	return out
}

// settle evaluates what is marked, at the instant at.
func (c *Core) settle(at tick.Time, out []Decision) []Decision {
	for _, i := range c.dirty {
		if i == taken {
			continue
		}
		w := &c.watches[i]
		w.dirty, w.renews = 0, false
		if !c.stopped {
			out = c.evaluate(w, i, at, out)
		}
	}
	c.dirty = c.dirty[:0]
	return out
}

// evaluate asks a condition at an instant and tells who waits for its answer.
func (c *Core) evaluate(w *watch, i int32, at tick.Time, out []Decision) []Decision {
	answer, wake := w.prog.Eval(c.cells, w.state, at)
	if w.during.schedule != nil {
		open, changes := w.during.at(at, c.offset)
		if !open {
			answer = event.No
		}
		wake = min(wake, changes)
	}
	if w.machine < 0 {
		if answer == yes && w.answer != yes {
			c.review(&c.lanes[w.lane], int(w.lane)) // the gate opens on what waits for it
		}
	} else if answer != w.answer || w.timer <= at {
		c.trans = w.m.Step(w.cfg, answer, at, c.trans[:0])
		w.timer = w.m.Wake(w.cfg)
		if len(c.trans) > 0 {
			out = c.emit(w, out)
		}
	}
	if answer != w.answer {
		w.since = at
		w.answer = answer
	}
	c.wakes.values[i] = wake
	// A deadline that does not move must not hold time still.
	c.wakes.set(i, max(min(wake, w.timer), at+1))
	return out
}

// emit turns a machine's transitions into decisions.
func (c *Core) emit(w *watch, out []Decision) []Decision {
	m := &c.g.Machines[w.machine]
	for _, t := range c.trans {
		c.Stats.Transitions[t.Kind]++
		d := Decision{Kind: DecisionEvent, At: t.At, Machine: int(w.machine), EventDetail: &EventDetail{
			Transition: t, Offset: c.offset, FrameCam: m.Camera, Muted: t.At < w.muted, Generation: c.generation, Revision: c.g.Revision,
		}}
		if t.Kind == event.KindConfirmed {
			w.occurrence = c.occurrence(m, w.born, t.Seq)
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

// occurrence is the id of an event's seq-th occurrence: unique across restarts, equal on replay (DESIGN 4). An event that was
// removed and comes back counts from 1 again, so the generation that brought it counts too. It is made within a turn that
// decides something, on a processor that has not seen this code for a while: formatting it with fmt took 4 us of 16 there.
func (c *Core) occurrence(m *graph.Machine, born, seq uint64) string {
	var room [128]byte
	text := append(room[:0], c.run...)
	text = append(append(text, 0), c.g.CameraID(m.Camera)...)
	text = append(append(text, 0), c.g.Events[m.Event].ID...)
	text = strconv.AppendUint(append(text, 0), seq, 10)
	if born > 0 {
		text = strconv.AppendUint(append(text, 0), born, 10)
	}
	sum := sha256.Sum256(text)
	var id [2 * occurrenceBytes]byte
	hex.Encode(id[:], sum[:occurrenceBytes])
	return string(id[:])
}

// occurrenceBytes is how much of the hash an id has: 96 bits, so that two of a billion ids are equal in one of 10^11 cases.
const occurrenceBytes = 12
