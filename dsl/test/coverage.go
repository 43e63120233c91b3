package test

import (
	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
)

// Coverage is what tests have tried of a pipeline.
type Coverage struct {
	Events []EventCoverage
}

// EventCoverage is what was tried of one event, on all its cameras together.
type EventCoverage struct {
	Event string
	Place dsl.Place
	// Confirmed and Ended say that it came to that in some test.
	Confirmed, Ended bool
	// Leaves are the comparisons of its condition, in the order written.
	Leaves []LeafCoverage
}

// LeafCoverage is what one comparison of a condition has said in some test.
type LeafCoverage struct {
	Path             string
	Place            dsl.Place
	Text             string // "people.count gte 2"
	Yes, No, Unknown bool
}

// newCoverage returns the coverage of no test.
func (s *Suite) newCoverage() *Coverage {
	g := s.graph
	cells := make([]signal.Cell, len(g.Cells))
	c := &Coverage{Events: make([]EventCoverage, len(g.Events))}
	for i := range g.Events {
		e := &c.Events[i]
		e.Event, e.Place = g.Events[i].ID, s.place("events."+g.Events[i].ID)
		for _, m := range g.Events[i].Machines {
			p := g.Machines[m].Program
			if len(e.Leaves) > 0 {
				break // all machines of an event have the same leaves
			}
			for _, l := range p.Explain(cells, p.NewState(), 0) {
				path := "events." + e.Event + "." + l.Path
				e.Leaves = append(e.Leaves, LeafCoverage{Path: path, Place: s.place(path), Text: leafText(&l)})
			}
		}
	}
	return c
}

func (c *Coverage) record(ev int, kind event.TransitionKind) {
	e := &c.Events[ev]
	e.Confirmed = e.Confirmed || kind == event.KindConfirmed
	e.Ended = e.Ended || kind == event.KindEnded
}

func (c *Coverage) leaves(ev int, leaves []event.Leaf) {
	e := &c.Events[ev]
	for i := range leaves {
		switch l := &e.Leaves[i]; leaves[i].Answer {
		case event.Yes:
			l.Yes = true
		case event.No:
			l.No = true
		case event.Unknown:
			l.Unknown = true
		}
	}
}

// Complete reports whether every event was confirmed and ended, and every leaf said yes, no and unknown.
func (c *Coverage) Complete() bool {
	seen, all := c.Count()
	return seen == all
}

// Count returns how much was seen of how much there is to see: two things of each event, three of each leaf.
func (c *Coverage) Count() (seen, all int) {
	for i := range c.Events {
		e := &c.Events[i]
		seen += b2i(e.Confirmed) + b2i(e.Ended)
		all += 2 + 3*len(e.Leaves)
		for _, l := range e.Leaves {
			seen += b2i(l.Yes) + b2i(l.No) + b2i(l.Unknown)
		}
	}
	return seen, all
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
