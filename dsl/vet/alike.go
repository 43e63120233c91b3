package vet

import (
	"fmt"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

func floatCheck() Check {
	return Check{
		Code: "RVO312", Name: "float compared for equality", Sound: true,
		Doc: `A measured number is hardly ever exactly another one: eq is hardly ever yes and ne hardly ever no. Ask for a ` +
			`range with gte and lt. The ends of the signal's range are values that do happen.`,
		Run: func(p *Pass) {
			p.conditions(func(base string, c *event.Cond) {
				c.Walk(func(n *event.Cond) {
					e := p.emit(n.Signal)
					if n.Op != event.OpCompare || e == nil || e.Type != signal.TypeFloat {
						return
					}
					for i, cmp := range n.Compare {
						v := cmp.Value.Number()
						if cmp.Rel != event.Eq && cmp.Rel != event.Ne || e.Max > e.Min && (v == e.Min || v == e.Max) {
							continue
						}
						p.Report(dsl.Finding{
							Severity: dsl.Warning, Path: p.compared(base, n, i),
							Message: fmt.Sprintf("%s: %s is a float, which is hardly ever exactly %v", brief(n), n.Signal, v),
							Hint:    fmt.Sprintf("ask for a range: gte: %v, lt: …", v),
						})
					}
				})
			})
		},
	}
}

func repeatedPartCheck() Check {
	return Check{
		Code: "RVO313", Name: "part that stands there twice", Sound: true,
		Doc: `Two parts of one all or any are the same: the second changes nothing. Perhaps another signal or another value ` +
			`was meant. In atLeast the part would count twice.`,
		Run: func(p *Pass) {
			p.conditions(func(base string, c *event.Cond) {
				c.Walk(func(n *event.Cond) {
					if n.Op != event.OpAll && n.Op != event.OpAny && n.Op != event.OpAtLeast {
						return
					}
					seen := map[string]*event.Cond{}
					for _, part := range n.Of {
						t := text(part)
						first, ok := seen[t]
						if !ok {
							seen[t] = part
							continue
						}
						p.Report(dsl.Finding{
							Severity: dsl.Warning, Path: base + "." + part.Path, Place: p.Doc.Place(base + "." + part.Path),
							Message: fmt.Sprintf("this part of %s stands there twice: %s", n.Op, brief(part)),
							Related: []dsl.Related{{Place: p.Doc.Place(base + "." + first.Path), Message: "the first"}},
							Hint:    "take one away, or write what was meant",
						})
					}
				})
			})
		},
	}
}

func twinEventsCheck() Check {
	return Check{
		Code: "RVO314", Name: "two events that are one", Sound: true,
		Doc: `Two events have the same condition, the same times and the same cameras: they are confirmed and end together, ` +
			`always. One event can have several sinks. A second one that is to come later has a longer hold.`,
		Run: func(p *Pass) {
			seen := map[string]*graph.EventSpec{}
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				if !e.Enabled || e.When == nil {
					continue
				}
				key := p.sameness(e)
				first, ok := seen[key]
				if !ok {
					seen[key] = e
					continue
				}
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "events." + e.ID, Place: p.Doc.Place("events." + e.ID),
					Message: fmt.Sprintf("event %s is confirmed whenever event %s is: same condition, times and cameras", e.ID, first.ID),
					Related: []dsl.Related{{Place: p.Doc.Place("events." + first.ID), Message: "event " + first.ID}},
					Hint:    "make them one, or let one of them hold longer",
				})
			}
		},
	}
}

// sameness is equal for events that go through the same states at the same times.
func (p *Pass) sameness(e *graph.EventSpec) string {
	var cameras []string
	for _, c := range p.cameras(e.Cameras) {
		cameras = append(cameras, c.ID)
	}
	slices.Sort(cameras)
	same := *e
	same.ID, same.When, same.Cameras, same.Place = "", nil, cameras, graph.Place{}
	during := ""
	if e.During != nil {
		during = fmt.Sprintf("%+v", *e.During)
	}
	same.During, same.DecideWithin = nil, 0
	same.Severity, same.Labels, same.Evidence, same.Sinks, same.Updates = "", nil, "", nil, 0
	return fmt.Sprintf("%s %s %+v", text(e.When), during, same)
}
