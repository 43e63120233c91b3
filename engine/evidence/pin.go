package evidence

import (
	"slices"

	"rvo.dev/engine/tick"
)

// Pin keeps the samples of one span of a Ring alive until Release, as far as the ring's hold allows, and remembers which
// ones could not be kept.
type Pin struct {
	ring     *Ring
	from, to tick.Time
	lost     span // first and last capture that were needed and are gone
	any      bool
}

// span is a closed stretch of capture time.
type span struct{ from, to tick.Time }

func (s span) overlaps(t span) bool { return s.from <= t.to && t.from <= s.to }

// Pin returns a pin on [from, to]; samples yet to come are covered as well.
func (r *Ring) Pin(from, to tick.Time) *Pin {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &Pin{ring: r, from: from, to: to}
	p.missed(from, to)
	r.mu.pins = append(r.mu.pins, p)
	return p
}

// missed notes that the ring no longer has what it once had of [from, to].
func (p *Pin) missed(from, to tick.Time) {
	if gone, first := p.ring.mu.gone, p.ring.mu.first; gone >= from && first <= to {
		p.lose(max(from, first))
		p.lose(min(gone, to))
	}
}

func (p *Pin) covers(t tick.Time) bool { return p.from <= t && t <= p.to }

func (p *Pin) lose(t tick.Time) {
	if !p.any {
		p.lost, p.any = span{t, t}, true
		return
	}
	p.lost.from, p.lost.to = min(p.lost.from, t), max(p.lost.to, t)
}

// Move changes what the pin covers.
func (p *Pin) Move(from, to tick.Time) {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if from < p.from {
		p.missed(from, p.from-1)
	}
	if to > p.to {
		p.missed(p.to+1, to)
	}
	shrunk := from > p.from || to < p.to
	p.from, p.to = from, to
	if shrunk {
		r.sweepHeld()
	}
}

// Release lets the samples go.
func (p *Pin) Release() {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.mu.pins, p); i >= 0 {
		r.mu.pins = slices.Delete(r.mu.pins, i, i+1)
		r.sweepHeld()
	}
}

func (r *Ring) sweepHeld() { r.mu.gone = max(r.mu.gone, r.mu.held.keep(r.needed)) }

// cut is what a ring knows of one span at one instant.
type cut struct {
	samples []Sample
	lost    span // part of the span whose samples came and are gone
	anyLost bool
	first   tick.Time // the first sample the camera ever gave, -1 before it
	newest  tick.Time // the newest one
}

// cut returns what there is of [from, to].
func (p *Pin) cut(from, to tick.Time) cut {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	c := cut{samples: r.slice(from, to), first: r.mu.first, newest: r.mu.newest}
	if p.any && p.lost.overlaps(span{from, to}) {
		c.lost, c.anyLost = span{max(p.lost.from, from), min(p.lost.to, to)}, true
	}
	return c
}
