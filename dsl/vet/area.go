package vet

import (
	"encoding/json"
	"fmt"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
)

func unusedZoneCheck() Check {
	return Check{
		Code: "RVO116", Name: "zone that no condition names", Sound: true, Whole: true,
		Doc: `The camera has a zone that no condition counts boxes in or outside of, and no detector: it changes nothing. Name it in a condition ` +
			`(zone, outside), make it a mask if nothing is to count there, or take it out.`,
		Run: func(p *Pass) {
			named := map[string]bool{}
			p.conditions(func(_ string, c *event.Cond) {
				c.Walk(func(n *event.Cond) {
					if n.Filter == nil {
						return
					}
					for _, z := range slices.Concat(n.Filter.Zones, n.Filter.Outside) {
						named[z] = true
					}
				})
			})
			for i := range p.Spec.Detectors {
				d := &p.Spec.Detectors[i]
				var options map[string]json.RawMessage
				var zones []string
				if c := p.contract(node.RoleDetector, d.Kind); c != nil && c.Zones != "" &&
					json.Unmarshal(d.Options, &options) == nil && json.Unmarshal(options[c.Zones], &zones) == nil {
					for _, z := range zones {
						named[z] = true
					}
				}
			}
			for _, c := range p.cameras(nil) {
				for _, z := range c.Zones {
					path := "cameras." + c.ID + ".zones." + z.Name
					if !named[z.Name] {
						p.Report(dsl.Finding{
							Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
							Message: fmt.Sprintf("no condition names zone %s of camera %s", z.Name, c.ID),
							Hint:    fmt.Sprintf("count in it: {signal: \"detector.boxes\", zone: %q, gte: 1}", z.Name),
						})
					}
				}
			}
		},
	}
}
