package vet

import (
	"fmt"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
)

func pulseCheck() Check {
	return Check{
		Code: "RVO317", Name: "event that repeats without end or in a flood", Core: true,
		Doc: `maxDuration: "0s" ends the event at the moment it is confirmed. Without hold and cooldown the next one would be ` +
			`confirmed at that same moment, and so on without end. Less than 10 ms from one confirmation to the next, or 100 ms ` +
			`between updates, floods whoever listens. Give a cooldown or a hold, or updates more time.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				if e.Updates > 0 && e.Updates < graph.MinUpdates {
					p.Report(dsl.Finding{
						Path:    "events." + e.ID + ".updates",
						Message: fmt.Sprintf("event %s would be updated every %v", e.ID, e.Updates),
						Hint:    fmt.Sprintf("at least %v", graph.MinUpdates),
					})
				}
				again := e.MaxDuration + e.Hold + e.Cooldown
				if !e.HasMax || again >= graph.MinRepeat {
					continue
				}
				if again > 0 {
					p.Report(dsl.Finding{
						Path:    "events." + e.ID + ".maxDuration",
						Message: fmt.Sprintf("event %s would be confirmed every %v", e.ID, again),
						Hint:    fmt.Sprintf("hold, maxDuration and cooldown together must be at least %v", graph.MinRepeat),
					})
					continue
				}
				p.Report(dsl.Finding{
					Path:    "events." + e.ID + ".maxDuration",
					Message: fmt.Sprintf("event %s would end and be confirmed again without end at one instant", e.ID),
					Hint:    "give it a cooldown or a hold, such as cooldown: \"10s\"",
				})
			}
		},
	}
}
