package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// watch is a condition that is kept evaluated: an event's machine or a detector's gate.
type watch struct {
	prog    *event.Program
	state   *event.EvalState
	answer  event.Answer
	wake    tick.Time
	machine int32 // index, -1: a gate
	lane    int32 // index, -1: a machine
	cfg     *event.Config
	m       event.Machine
	dirty   bool
	// occurrence is the id of the present occurrence of the event.
	occurrence string
}

func (c *Core) watch(w watch) int32 {
	i := int32(len(c.watches))
	w.state, w.wake = w.prog.NewState(), tick.Never
	c.watches = append(c.watches, w)
	for _, cell := range w.prog.Cells() {
		c.readers[cell] = append(c.readers[cell], i)
	}
	return i
}

// markReaders has everything that reads a cell evaluated.
func (c *Core) markReaders(cell int) {
	for _, w := range c.readers[cell] {
		c.mark(w)
	}
}

// advance runs the deadlines of conditions and machines up to now, in order, each at its own instant.
func (c *Core) advance(now tick.Time, out []Decision) []Decision {
	for c.nextWatch <= now && !c.stopped {
		at := max(c.nextWatch, c.now)
		for i := range c.watches {
			if c.watches[i].wake <= at {
				c.mark(int32(i))
			}
		}
		c.now = at
		out = c.settle(at, out)
		c.nextWatch = tick.Never
		for i := range c.watches {
			c.nextWatch = min(c.nextWatch, c.watches[i].wake)
		}
	}
	return out
}

func (c *Core) mark(i int32) {
	if w := &c.watches[i]; !w.dirty {
		w.dirty = true
		c.dirty = append(c.dirty, i)
	}
}

// settle evaluates what is marked, at the instant at.
func (c *Core) settle(at tick.Time, out []Decision) []Decision {
	for _, i := range c.dirty {
		w := &c.watches[i]
		w.dirty = false
		if c.stopped {
			continue
		}
		answer, wake := w.prog.Eval(c.cells, w.state, at)
		if w.lane >= 0 && answer == yes && w.answer != yes {
			c.review(int(w.lane)) // the gate opens on what waits for it
		}
		w.answer = answer
		if w.machine >= 0 {
			c.trans = w.m.Step(w.cfg, answer, at, c.trans[:0])
			if len(c.trans) > 0 {
				out = c.emit(w, out)
			}
			wake = min(wake, w.m.Wake(w.cfg))
		}
		if wake <= at {
			wake = at + 1 // a deadline that does not move must not hold time still
		}
		w.wake = wake
		c.nextWatch = min(c.nextWatch, wake)
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
