package vet

import (
	"fmt"

	"rvo.dev/dsl"
)

func prerollCheck() Check {
	return Check{
		Code: "RVO400", Name: "pre-roll that the ring does not hold",
		Doc: `The pictures from before an event come out of the camera's ring. A ring that is shorter than the evidence's ` +
			`pre cannot have them. Raise the ring, lower pre, or leave the ring out: it is then as long as needed.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				for _, ev := range p.Spec.Evidence {
					if ev.ID != e.Evidence {
						continue
					}
					for _, c := range p.cameras(e.Cameras) {
						if c.Ring == 0 || ev.Pre <= c.Ring {
							continue
						}
						p.Report(dsl.Finding{
							Path: "cameras." + c.ID + ".ring",
							Message: fmt.Sprintf("camera %s keeps %s, but evidence %s wants %s from before event %s",
								c.ID, short(c.Ring), ev.ID, short(ev.Pre), e.ID),
							Related: []dsl.Related{p.related("evidence."+ev.ID+".pre", "%s wants this", ev.ID)},
							Hint:    fmt.Sprintf("give the ring %s or more, or leave it out", short(ev.Pre+ev.Post)),
						})
					}
				}
			}
		},
	}
}
