package analysis

import (
	"fmt"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// truth is how late the core can be to know what is true in front of the cameras.
type truth struct {
	m     *model
	cells map[cellKey]int
	// signal is, by instance, from "true in front of the camera" to the signal that says so.
	signal []Bound
	done   []bool
}

type cellKey struct {
	camera int
	signal string
}

func newTruth(m *model) *truth {
	t := &truth{
		m: m, cells: make(map[cellKey]int, len(m.g.Cells)),
		signal: make([]Bound, len(m.g.Instances)), done: make([]bool, len(m.g.Instances)),
	}
	for i := range m.g.Cells {
		c := &m.g.Cells[i]
		t.cells[cellKey{c.Camera, c.Signal}] = i
	}
	for i := range t.signal {
		t.of(i)
	}
	return t
}

// of returns the bound of an instance, and finds it first where it is not known yet. Detectors wait for one another
// without a cycle, across cameras too.
func (t *truth) of(i int) *Bound {
	if !t.done[i] {
		t.done[i] = true
		t.signal[i] = t.find(i)
	}
	return &t.signal[i]
}

func (t *truth) find(i int) Bound {
	m := t.m
	in := &m.g.Instances[i]
	s := &m.sets[m.of[i]]
	name := m.g.InstanceName(i)
	if s.now.every == Unbounded {
		return Bound{}.without(s.now.why)
	}
	var b Bound
	switch {
	case s.gated:
		b = t.gated(i, s, name)
	case s.chained:
		b = t.chained(in, s, name)
	default:
		b.Parts = make([]Part, 0, 4)
		source := Given // the slots of its own rate
		rest := add(s.now.age, -s.now.wait, -Span(s.cost))
		if !s.blind {
			source = m.cams[in.Camera].Source
			rest = add(rest, -Span(m.ingest()))
			b.push(PartIngest, m.g.CameraID(in.Camera), Span(m.ingest()), m.o.Ingest.Source)
		}
		b.push(PartSample, name, rest, source)
	}
	if b.Total == Unbounded {
		return b
	}
	t.run(&b, i, s, name)
	return b
}

// run appends what every run takes: the wait for a slot, and itself.
func (t *truth) run(b *Bound, i int, s *set, name string) {
	b.push(PartWait, name, s.now.wait, t.m.source)
	b.push(PartRun, name, Span(s.cost), t.m.cost[i].Source)
}

// gated is for a detector behind a when: the gate opens, the lane may be busy or its rate not due, a picture comes.
func (t *truth) gated(i int, s *set, name string) Bound {
	m := t.m
	in := &m.g.Instances[i]
	d := &m.g.Detectors[in.Detector]
	open := t.condition(d.When, in.Camera)
	if open.Total == Unbounded {
		return open.without(fmt.Sprintf("the gate of %s: %s", name, open.Why))
	}
	if gap, cell := t.gaps(d.When, in.Camera); gap > 0 {
		return Bound{}.without(fmt.Sprintf("the gate of %s closes again and again: %s may be %s old before its next value and is fresh for its ttl of %s",
			name, cell.Signal, m.sets[m.of[cell.Instance]].now.age, cell.TTL))
	}
	b := open.plus(4)
	if s.chained {
		slowest := t.producers(in)
		if slowest.Total == Unbounded {
			return *slowest
		}
		if slowest.Total > b.Total {
			b = slowest.plus(4)
		}
	} else if old := Span(m.ingest()) + Span(s.camera+s.jitter); b.Total < old {
		b.push(PartSample, name, old-b.Total, m.cams[in.Camera].Source) // a run may be under way on a picture from before
	}
	b.push(PartGate, name, add(s.now.every, -s.now.wait, -Span(s.cost)), m.cams[in.Camera].Source)
	return b
}

// chained is for a detector behind needs.
func (t *truth) chained(in *graph.Instance, s *set, name string) Bound {
	slowest := t.producers(in)
	if slowest.Total == Unbounded {
		return *slowest
	}
	b := slowest.plus(3)
	// Until the next offer that it may take: none where it takes every one. When all producers run freely the age of its
	// values is the tighter bound.
	rest := add(s.now.every, -s.now.wait, -Span(s.cost))
	if t.free(in) {
		rest = min(rest, max(add(s.now.age, -s.now.wait, -Span(s.cost), -slowest.Total), 0))
	}
	b.push(PartSample, name, rest, t.m.cams[in.Camera].Source)
	return b
}

// free reports whether no gate stands before an instance's producers.
func (t *truth) free(in *graph.Instance) bool {
	for _, p := range in.Producers {
		if t.m.g.Instances[p].Gate != nil || !t.free(&t.m.g.Instances[p]) {
			return false
		}
	}
	return true
}

// producers returns the bound of the slowest of an instance's producers.
func (t *truth) producers(in *graph.Instance) *Bound {
	worst := &Bound{}
	for _, p := range in.Producers {
		if b := t.of(p); b.Total >= worst.Total {
			worst = b
		}
	}
	return worst
}

// condition returns how long after all that it asks for became true in front of the cameras a condition is yes.
func (t *truth) condition(c *event.Cond, camera int) Bound { return t.asked(c, camera, false) }

// asked is condition below an odd number of nots or an even one.
func (t *truth) asked(c *event.Cond, camera int, negated bool) Bound {
	var b Bound
	switch c.Op {
	case event.OpCompare:
		b = t.leaf(c, camera)
	case event.OpAbsent:
		if negated {
			b = t.leaf(c, camera)
		} else {
			b = t.absent(c, camera)
		}
	case event.OpAll, event.OpAny, event.OpNot, event.OpAtLeast, event.OpSequence:
		for _, part := range c.Of {
			if p := t.asked(part, camera, negated != (c.Op == event.OpNot)); p.Total >= b.Total {
				b = p
			}
		}
	}
	if c.For > 0 && b.Total != Unbounded {
		b = b.plus(1)
		b.push(PartFor, c.Path, Span(c.For), Given)
	}
	return b
}

// cell finds what a leaf reads; -1 where nothing gives it.
func (t *truth) cell(c *event.Cond, camera int) int {
	if c.Camera != "" {
		camera = t.m.g.CameraIndex(c.Camera)
	}
	if i, ok := t.cells[cellKey{camera, c.Signal}]; ok {
		return i
	}
	return -1
}

func (t *truth) leaf(c *event.Cond, camera int) Bound {
	i := t.cell(c, camera)
	if i < 0 {
		return Bound{}.without(c.Signal + " is never known")
	}
	cell := &t.m.g.Cells[i]
	switch {
	case cell.Own && cell.Camera >= 0:
		return t.own(cell)
	case cell.Instance < 0:
		return Bound{}.without(c.Signal + " is never known there")
	}
	return *t.of(cell.Instance)
}

// own is for what a camera says of itself: whether its picture stands still is known after freezeAfter, the rest when
// the next picture is missed or comes.
func (t *truth) own(cell *graph.Cell) Bound {
	var b Bound
	cam := &t.m.g.Cameras[cell.Camera]
	period := t.m.cams[cell.Camera]
	b.push(PartCamera, cam.ID, Span(period.Value+t.m.jit[cell.Camera].Value), period.Source)
	if cell.Signal == graph.CameraSignals+".frozen" {
		b.push(PartCamera, cam.ID, Span(cam.FreezeAfter), Given)
	}
	return b
}

// absent is yes one ttl after the last value, which is not older than the present moment.
func (t *truth) absent(c *event.Cond, camera int) Bound {
	var b Bound
	if i := t.cell(c, camera); i >= 0 && t.m.g.Cells[i].Instance >= 0 {
		b.push(PartStale, c.Signal, Span(t.m.g.Cells[i].TTL), Given)
	}
	return b
}

// gaps is how long in all a condition that is true can be unknown between two values: for each of its signals, what its
// values can be older than their ttl. The second result says which it is for.
func (t *truth) gaps(c *event.Cond, camera int) (Span, *graph.Cell) {
	sum, worst := Span(0), (*graph.Cell)(nil)
	seen := map[int]bool{}
	c.Walk(func(leaf *event.Cond) {
		if leaf.Op != event.OpCompare {
			return
		}
		i := t.cell(leaf, camera)
		if i < 0 || t.m.g.Cells[i].Instance < 0 || seen[i] {
			return
		}
		seen[i] = true
		cell := &t.m.g.Cells[i]
		if gap := add(t.m.sets[t.m.of[cell.Instance]].now.age, -Span(cell.TTL)); gap > 0 {
			sum, worst = add(sum, gap), cell
		}
	})
	return sum, worst
}

// machine returns the bound of an event: from "true in front of the camera" to confirmed.
func (t *truth) machine(mc *graph.Machine) Bound {
	g := t.m.g
	ev := &g.Events[mc.Event]
	b := t.condition(ev.When, mc.Camera)
	if b.Total == Unbounded {
		return b
	}
	held := holds(ev)
	if gap, cell := t.gaps(ev.When, mc.Camera); gap > 0 && held > 0 {
		age := t.m.sets[t.m.of[cell.Instance]].now.age
		if gap >= Span(ev.Config.Grace) || inner(ev.When) {
			return b.without(fmt.Sprintf("%s may be %s old before its next value and is fresh for its ttl of %s: it is unknown in between and the wait of %s begins anew",
				cell.Signal, age, cell.TTL, held))
		}
		b = b.plus(2)
		b.push(PartGap, ev.ID, gap, Assumed)
	}
	b = b.plus(1)
	b.push(PartHold, ev.ID, Span(ev.Config.Hold), Given)
	return b
}

// holds is for how long in all an event's condition has to be yes.
func holds(ev *graph.Event) time.Duration {
	longest := time.Duration(0)
	ev.When.Walk(func(c *event.Cond) { longest = max(longest, c.For) })
	return longest + ev.Config.Hold
}

// inner reports whether a part of the condition has to be yes without a break.
func inner(c *event.Cond) bool {
	found := false
	c.Walk(func(n *event.Cond) { found = found || n.For > 0 })
	return found
}
