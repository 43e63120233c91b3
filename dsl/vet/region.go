package vet

import (
	"cmp"
	"math"
	"slices"
)

// span is the numbers from lo to hi; an open end does not belong to it.
type span struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

func (s span) empty() bool {
	return s.lo > s.hi || s.lo == s.hi && (s.loOpen || s.hiOpen) || math.IsInf(s.lo, 1) || math.IsInf(s.hi, -1)
}

// domain is the values a signal can have: numbers, for a bool 0 and 1 and for a label the index of its word.
type domain struct {
	span
	// whole is set where there is nothing between two whole numbers.
	whole bool
}

// set is a part of a domain: spans in order, none of them empty and no two of them touching.
type set []span

// all returns the set of every value of the domain.
func (d domain) all() set { return d.norm([]span{d.span}) }

// norm returns the set of what lies in some of the spans and in the domain.
func (d domain) norm(spans []span) set {
	var in []span
	for _, s := range spans {
		if s = d.clip(s); !s.empty() {
			in = append(in, s)
		}
	}
	slices.SortFunc(in, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.lo, b.lo), boolean(a.loOpen)-boolean(b.loOpen))
	})
	var out set
	for _, s := range in {
		if len(out) == 0 || !d.touch(out[len(out)-1], s) {
			out = append(out, s)
			continue
		}
		last := &out[len(out)-1]
		if s.hi > last.hi || s.hi == last.hi && !s.hiOpen {
			last.hi, last.hiOpen = s.hi, s.hiOpen
		}
	}
	return out
}

// clip cuts a span to the domain; the ends of spans of whole numbers are whole and belong to it.
func (d domain) clip(s span) span {
	if d.lo > s.lo || d.lo == s.lo && d.loOpen {
		s.lo, s.loOpen = d.lo, d.loOpen
	}
	if d.hi < s.hi || d.hi == s.hi && d.hiOpen {
		s.hi, s.hiOpen = d.hi, d.hiOpen
	}
	if !d.whole {
		return s
	}
	lo, hi := math.Ceil(s.lo), math.Floor(s.hi)
	if s.loOpen && lo == s.lo {
		lo++
	}
	if s.hiOpen && hi == s.hi {
		hi--
	}
	return span{lo: lo, hi: hi}
}

// touch reports whether nothing lies between two spans of which a begins first.
func (d domain) touch(a, b span) bool {
	if d.whole {
		return b.lo <= a.hi+1
	}
	return b.lo < a.hi || b.lo == a.hi && (!a.hiOpen || !b.loOpen)
}

// or returns what is in a or in b.
func (d domain) or(a, b set) set { return d.norm(slices.Concat(a, b)) }

// and returns what is in a and in b.
func (d domain) and(a, b set) set {
	var out []span
	for _, s := range a {
		for _, t := range b {
			out = append(out, domain{span: t}.clip(s))
		}
	}
	return d.norm(out)
}

// not returns what is not in a.
func (d domain) not(a set) set {
	rest := d.span
	var out []span
	for _, s := range a {
		out = append(out, span{rest.lo, s.lo, rest.loOpen, !s.loOpen})
		rest.lo, rest.loOpen = s.hi, !s.hiOpen
	}
	return d.norm(append(out, rest))
}

// full reports whether a is every value of the domain.
func (d domain) full(a set) bool { return len(d.not(a)) == 0 }

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
