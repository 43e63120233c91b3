package evidence

import (
	"slices"

	"rvo.dev/engine/tick"
)

// span is a closed stretch of capture time.
type span struct{ from, to tick.Time }

func (s span) covers(t tick.Time) bool { return s.from <= t && t <= s.to }

func (s span) overlaps(t span) bool { return s.from <= t.to && t.from <= s.to }

// pin keeps the samples of one span of a Ring alive until it is released, as far as the ring's hold allows, and remembers
// the stretch in which some could not be kept.
type pin struct {
	ring *Ring
	span span
	core span // the part that is not thinned out: around the moments that decided
	lost span // first and last capture that were needed and are gone
	any  bool // whether there is one
}

// pin returns a pin on the span; samples yet to come are covered as well.
func (r *Ring) pin(s, core span) *pin {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &pin{ring: r, span: s, core: core}
	p.missed(s)
	r.mu.pins = append(r.mu.pins, p)
	return p
}

// missed notes what the ring once had of the span and has no more.
func (p *pin) missed(s span) {
	if gone, first := p.ring.mu.gone, p.ring.mu.first; gone >= max(s.from, first, 0) && first <= s.to {
		p.lose(max(s.from, first))
		p.lose(min(gone, s.to))
	}
}

func (p *pin) lose(t tick.Time) {
	if !p.any {
		p.lost, p.any = span{t, t}, true
		return
	}
	p.lost.from, p.lost.to = min(p.lost.from, t), max(p.lost.to, t)
}

// move changes what the pin covers.
func (p *pin) move(s, core span) {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.from < p.span.from {
		p.missed(span{s.from, p.span.from - 1})
	}
	if s.to > p.span.to {
		p.missed(span{p.span.to + 1, s.to})
	}
	shrunk := s.from > p.span.from || s.to < p.span.to
	p.span, p.core = s, core
	if shrunk {
		r.sweep()
	}
}

// release lets the samples go. It may be called more than once.
func (p *pin) release() {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.mu.pins, p); i >= 0 {
		r.mu.pins = slices.Delete(r.mu.pins, i, i+1)
		r.sweep()
	}
}

// cut is what a ring knows of one span at one instant.
type cut struct {
	samples []Sample
	lost    span // part of the span in which samples came and are gone
	anyLost bool
	first   tick.Time // the first sample the camera ever gave, -1 before it
}

// cut returns what there is of a part of the pin's span.
func (p *pin) cut(s span) cut {
	r := p.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	c := cut{samples: r.slice(s), first: r.mu.first}
	if p.any && p.lost.overlaps(s) {
		c.lost, c.anyLost = span{max(p.lost.from, s.from), min(p.lost.to, s.to)}, true
	}
	return c
}
