package vet

import (
	"fmt"

	"rvo.dev/dsl"
)

func pulseCheck() Check {
	return Check{
		Code: "RVO317", Name: "pulse that repeats for ever at one instant",
		Doc: `maxDuration: "0s" ends the event at the moment it is confirmed. Without hold and cooldown the next one would be ` +
			`confirmed at that same moment, and so on without end. Give a cooldown or a hold.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				if !e.HasMax || e.MaxDuration > 0 || e.Hold > 0 || e.Cooldown > 0 {
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
