package sched

import "rvo.dev/engine/graph"

// warmStep is how many cells, lanes and watches one part of Warm reads: 10 to 20 us where none of them is in the processor's
// caches.
const warmStep = 128

// Warm reads a part, from 0, of what the swap will move, old and new, and reports whether there is more. It decides nothing and
// changes nothing, and may be left out. Most of what a core of many cameras knows is in no cache of the processor when the swap
// comes, and reading it then takes longer than moving it. Between the parts the core can take inputs, so nobody waits for more
// than a part.
func (c *Core) Warm(s *Swap, part int) (more bool) {
	p := s.next
	n := p.core
	from, to := part*warmStep, (part+1)*warmStep
	seen := p.seen
	if !stays(len(n.cells), len(c.cells), p.values) {
		for i := from; i < min(to, len(c.cells)); i++ {
			cell := &c.cells[i]
			seen += cell.Frame + uint64(cell.Stale()) + c.bands.now[i].span
		}
		for i := from; i < min(to, len(n.cells)); i++ {
			cell := &n.cells[i]
			seen += cell.Frame + uint64(cell.Stale()) + n.bands.now[i].span
		}
	}
	if !stays(len(n.lanes), len(c.lanes), p.counts) {
		for i := from; i < min(to, len(c.lanes)); i++ {
			seen += c.Stats.Lanes[i].warm()
		}
		for i := from; i < min(to, len(n.lanes)); i++ {
			seen += n.Stats.Lanes[i].warm()
		}
	}
	for i := from; i < min(to, len(c.lanes)); i++ {
		seen += c.lanes[i].warm()
	}
	for i := from; i < min(to, len(n.lanes)); i++ {
		seen += n.lanes[i].warm() + uint64(p.lanes[i].from)
	}
	for i := from; i < min(to, len(c.watches)); i++ {
		seen += c.watches[i].warm()
	}
	for i := from; i < min(to, len(n.watches)); i++ {
		seen += n.watches[i].warm() + uint64(p.watches[i].from)
	}
	p.seen = seen
	return to < max(len(c.cells), len(n.cells), len(c.lanes), len(n.lanes), len(c.watches), len(n.watches))
}

// warm reads a field in each of the 64 bytes that a processor fetches at a time; so do those below.
func (l *lane) warm() uint64 {
	return uint64(l.fastest) + uint64(l.weight) + uint64(l.gate) + uint64(l.began) + l.offerSeq + l.seq + uint64(l.claim.weight) + uint64(l.probeWait)
}

func (s *LaneStats) warm() uint64 {
	return s.Offers + s.Skips[SkipStopping] + s.Skips[Causes-1]
}

func (w *watch) warm() uint64 {
	return w.dirty + uint64(w.since) + w.born + w.m.Seq() + uint64(w.state.Wake())
}

// touch writes the lists that are filled in the swap: memory that nobody has written to yet costs an interrupt of 2 us for each
// 4 KiB, on virtual machines.
func (p *prepared) touch() {
	c := p.core
	clear(c.Stats.Frames)
	clear(c.Stats.Lanes)
	clear(c.bands.now)
	for prio := range graph.Critical + 1 {
		for _, q := range []*ready{&c.local, &c.remote} {
			for _, h := range []heap{q.turns[prio][0], q.turns[prio][1], q.floors[prio]} {
				clear(h[:cap(h)])
			}
		}
	}
	clear(c.alarms[:cap(c.alarms)])
	clear(c.running[:cap(c.running)])
	for _, list := range [][]int32{c.retry, c.willing, c.aside, c.dirty, p.touched} {
		clear(list[:cap(list)])
	}
}
