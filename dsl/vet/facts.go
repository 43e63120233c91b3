package vet

import "maps"

// region is what a signal may be: one of these values, or unknown.
type region struct {
	values  set
	unknown bool
}

// facts is what must hold of signals, all at one instant, for something to be so: where can is not set it never is. A
// signal that is not in it may be anything. It is never too narrow: what it rules out cannot be.
type facts struct {
	can bool
	of  map[string]region
}

// anything is the facts of what may be so whatever the signals are.
func anything() facts { return facts{can: true} }

// never is the facts of what is never so.
func never() facts { return facts{} }

// both returns the facts of a and b being so at one instant.
func (l *logic) both(a, b facts) facts {
	if !a.can || !b.can {
		return never()
	}
	if len(a.of) < len(b.of) {
		a, b = b, a
	}
	if len(b.of) == 0 {
		return a
	}
	out := facts{can: true, of: make(map[string]region, len(a.of))}
	maps.Copy(out.of, a.of)
	for key, r := range b.of {
		have, ok := out.of[key]
		if !ok {
			out.of[key] = r
			continue
		}
		r = region{l.domains[key].and(have.values, r.values), have.unknown && r.unknown}
		if len(r.values) == 0 && !r.unknown {
			return never()
		}
		out.of[key] = r
	}
	return out
}

// either returns the facts of a or b being so.
func (l *logic) either(a, b facts) facts {
	if !a.can {
		return b
	}
	if !b.can {
		return a
	}
	out := facts{can: true, of: map[string]region{}}
	for key, r := range a.of {
		if s, ok := b.of[key]; ok {
			d := l.domains[key]
			r = region{d.or(r.values, s.values), r.unknown || s.unknown}
			if !r.unknown || !d.full(r.values) {
				out.of[key] = r
			}
		}
	}
	return out
}

// fold combines the facts of several parts.
func fold(parts []facts, start facts, combine func(a, b facts) facts) facts {
	for _, p := range parts {
		start = combine(start, p)
	}
	return start
}
