package sched

import (
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

// prepared is a core of the new graph that nothing has happened to, and what each part of it goes on from. Everything that
// two graphs tell is found here, so that the swap itself has nothing to do but to move what is alive.
//
// The moves are read within the swap, so they are small.
type prepared struct {
	from    *graph.Graph
	core    *Core
	remap   Remap
	cams    []int            // by new index the old one, or Gone; so in all that follow
	cells   []cellMove       // of cells that more is to be done about than to move them
	words   map[int][]string // of cells whose labels are others: all that they can be now
	lanes   []laneMove
	watches []watchMove
	reasons []event.Reason // by old index of a machine that goes: why

	// What is moved as it is, and which numbers are to be looked at anew by what they are compared with.
	frames, values, counts []stretch
	entered                []int32

	touched []int32 // scratch: cells whose readers have to look again
	seen    uint64  // of Warm: what is read must be used
}

type cellMove struct {
	cell          int32
	retune        bool // its time to live is another
	begins, stops bool // it has a producer now and had none, or the reverse
	words         bool // its labels are others: prepared.words
}

type laneMove struct {
	from  int32
	fresh bool // another detector, or one that tells other signals
	same  bool // nothing that decides when it starts is another
}

type watchMove struct {
	from  int32
	cond  bool // asks the same
	cells bool // of the same cells
	state bool // and remembers the same in the same places
	cfg   bool // times of the event are the same
	hours bool
}

func prepare(from, to *graph.Graph, replaced []int, o Options) *prepared {
	p := &prepared{from: from, core: New(to, o), remap: NewRemap(from, to)}
	p.cams = back(p.remap.Cameras, len(to.Cameras))
	p.frames, p.counts = stretches(p.cams), stretches(back(p.remap.Instances, len(to.Instances)))
	p.reasons = make([]event.Reason, len(from.Machines))
	for i := range from.Machines {
		if p.remap.Machines[i] == Gone {
			p.reasons[i] = whyGone(from, to, i)
		}
	}
	p.moveCells(to)
	p.touched = make([]int32, 0, len(p.cells))
	p.moveLanes(to, replaced, o)
	p.moveWatches(to)
	p.makeRoom()
	p.touch()
	return p
}

// whyGone returns why a machine is not in the graph that follows: the event or its camera is off, or not there.
func whyGone(from, to *graph.Graph, machine int) event.Reason {
	m := &from.Machines[machine]
	off := slices.Contains(to.Disabled, "event/"+from.Events[m.Event].ID)
	if m.Camera != graph.AllCameras {
		off = off || slices.Contains(to.Disabled, "camera/"+from.Cameras[m.Camera].ID)
	}
	if off {
		return event.ReasonDisabled
	}
	return event.ReasonRemoved
}

func (p *prepared) moveCells(to *graph.Graph) {
	p.words = map[int][]string{}
	from := back(p.remap.Cells, len(to.Cells))
	p.values = stretches(from)
	old := newBands(p.from)
	for i, was := range from {
		m, b := cellMove{cell: int32(i)}, &to.Cells[i]
		if was == Gone {
			m.begins = b.Instance >= 0
		} else {
			a := &p.from.Cells[was]
			m.retune = a.TTL != b.TTL
			m.begins, m.stops = a.Instance < 0 && b.Instance >= 0, a.Instance >= 0 && b.Instance < 0
			if b.Type == signal.TypeLabel {
				if now := words(to, b); now != nil && !slices.Equal(now, words(p.from, a)) {
					m.words, p.words[i] = true, now
				}
			}
		}
		if m.retune || m.begins || m.stops || m.words {
			p.cells = append(p.cells, m)
		}
		if was == Gone || !slices.Equal(old.of(was), p.core.bands.of(i)) {
			p.entered = append(p.entered, int32(i))
		}
	}
}

// words returns what a signal of labels may say, nil where that is not known.
func words(g *graph.Graph, c *graph.Cell) []string {
	if c.Instance < 0 {
		return nil
	}
	in := &g.Instances[c.Instance]
	for k, e := range g.Detectors[in.Detector].Emits {
		if g.Cells[in.Outputs[k]].Signal == c.Signal {
			return e.Labels
		}
	}
	return nil
}

func (p *prepared) moveLanes(to *graph.Graph, replaced []int, o Options) {
	reserve := min(max(o.Reserve, 0), o.Slots-1)
	p.lanes = make([]laneMove, 0, len(to.Instances))
	for i, old := range back(p.remap.Instances, len(to.Instances)) {
		m := laneMove{from: int32(old)}
		if old != Gone {
			a, b := newLane(p.from, old, o.Slots, reserve), &p.core.lanes[i]
			m.fresh = slices.Contains(replaced, i) || !mapped(a.outputs, b.outputs, p.remap.Cells)
			a.camera = b.camera // the ids say that it is the same
			m.same = !m.fresh && a.settings == b.settings && mapped(a.needs, b.needs, p.remap.Cells) &&
				p.sameProgram(p.from.Instances[old].Gate, to.Instances[i].Gate)
		}
		p.lanes = append(p.lanes, m)
	}
}

// sameProgram reports whether two conditions, either nil, ask the same of the same cells.
func (p *prepared) sameProgram(a, b *event.Program) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Key() == b.Key() && p.sameCells(a, b)
}

func (p *prepared) sameCells(a, b *event.Program) bool {
	var now []int
	for _, c := range a.Cells() {
		now = append(now, p.remap.Cells[c])
	}
	slices.Sort(now)
	return slices.Equal(now, b.Cells())
}

// moveWatches pairs conditions: those of gates by their instance, those of events by their machine. The order in which a
// core keeps them is that of New.
func (p *prepared) moveWatches(to *graph.Graph) {
	gates, n := make([]int, len(p.from.Instances)), 0
	for i := range p.from.Instances {
		gates[i] = Gone
		if p.from.Instances[i].Gate != nil {
			gates[i] = n
			n++
		}
	}
	machines := back(p.remap.Machines, len(to.Machines))
	p.watches = make([]watchMove, 0, len(p.core.watches))
	for i := range p.core.watches {
		w := &p.core.watches[i]
		m := watchMove{from: Gone, cfg: true, hours: true}
		var old *event.Program
		if w.machine < 0 {
			if j := p.lanes[w.lane].from; j != Gone && gates[j] != Gone {
				m.from, old = int32(gates[j]), p.from.Instances[j].Gate
			}
		} else if j := machines[w.machine]; j != Gone {
			a, b := &p.from.Events[p.from.Machines[j].Event], &to.Events[to.Machines[w.machine].Event]
			m.from, old = int32(n+j), p.from.Machines[j].Program
			m.cfg, m.hours = a.Config == b.Config, sameHours(a.During, b.During)
		}
		if old != nil {
			m.cond, m.cells = old.Key() == w.prog.Key(), p.sameCells(old, w.prog)
			m.state = m.cond && w.prog.Continues(old)
		}
		p.watches = append(p.watches, m)
	}
}

func sameHours(a, b *graph.DuringSpec) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.TimeZone == b.TimeZone && slices.Equal(a.Hours, b.Hours)
}

// makeRoom gives the lists that are filled in the swap their size.
func (p *prepared) makeRoom() {
	c := p.core
	var locals, remotes [graph.Critical + 1]int
	for i := range c.lanes {
		l := &c.lanes[i]
		if l.blocking {
			remotes[l.priority]++
		} else {
			locals[l.priority]++
		}
	}
	for prio := range locals {
		c.local.room(prio, locals[prio])
		c.remote.room(prio, remotes[prio])
	}
	n := len(c.lanes)
	c.alarms, c.retry = make(heap, 0, n), make([]int32, 0, n)
	c.willing, c.aside = make([]int32, 0, n), make([]int32, 0, n)
	c.running = make([]entry, 0, n)
	c.dirty = make([]int32, 0, len(c.watches))
}

func (q *ready) room(priority, n int) {
	q.turns[priority] = [2]heap{make(heap, 0, n), make(heap, 0, n)}
	q.floors[priority] = make(heap, 0, n)
}
