package test

import (
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// Match returns which of the events that were confirmed at times each expectation gets, -1 for none.
func Match(at []time.Duration, tolerance time.Duration, times []time.Duration) []int {
	var t Test
	for _, a := range at {
		t.expect = append(t.expect, expectation{state: Confirmed, timed: true, at: tick.Time(a), tolerance: tolerance})
	}
	var records []Record
	for _, x := range times {
		records = append(records, Record{Transition: event.Transition{Kind: event.KindConfirmed, At: tick.Time(x)}})
	}
	return match(&t, records)
}

// Naive returns t with every single value in its place, as detectors would give them.
func Naive(t *Test) *Test {
	out := *t
	out.gives = nil
	for _, g := range t.gives {
		last := g.last
		for ; g.at <= last; g.at = g.at.Add(g.every) {
			g.last = g.at
			out.gives = append(out.gives, g)
		}
	}
	return &out
}
