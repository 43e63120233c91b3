package vet

import (
	"fmt"
	"slices"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

func cycleCheck() Check {
	return Check{
		Code: "RVO103", Name: "detectors that wait for one another", Core: true,
		Doc: `Each detector of the cycle runs only after another one of it, through needs or when, so none of them ever runs. ` +
			`Break the cycle: let one of them run on every picture.`,
		Run: cycles,
	}
}

func selfCheck() Check {
	return Check{
		Code: "RVO104", Name: "detector that waits for itself", Core: true,
		Doc: `A detector cannot run before its own signal is there, through needs or when. Name another detector's signal.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Detectors {
				d := &p.Spec.Detectors[i]
				for _, e := range edges(d) {
					if e.to == d.ID {
						p.Report(dsl.Finding{
							Path:    e.path,
							Message: fmt.Sprintf("detector %s waits for its own signal %s", d.ID, e.signal),
							Hint:    "name the signal of another detector",
						})
					}
				}
			}
		},
	}
}

// edge is a detector waiting for another.
type edge struct {
	to, signal, path string
}

// edges returns what a detector waits for.
func edges(d *graph.DetectorSpec) []edge {
	var out []edge
	for i, n := range d.Needs {
		out = append(out, edge{producer(n), n, fmt.Sprintf("detectors.%s.needs.%d", d.ID, i)})
	}
	d.When.Walk(func(c *event.Cond) {
		if c.Signal != "" {
			field := "signal"
			if c.Op == event.OpAbsent {
				field = "absent"
			}
			out = append(out, edge{producer(c.Signal), c.Signal, fmt.Sprintf("detectors.%s.%s.%s", d.ID, c.Path, field)})
		}
	})
	return out
}

// cycles reports every cycle once, at the first detector of it in alphabetical order.
func cycles(p *Pass) {
	done := map[string]bool{}
	var path []string
	var via []edge
	var visit func(id string)
	visit = func(id string) {
		if at := slices.Index(path, id); at >= 0 {
			if len(path)-at > 1 { // a detector on its own is another check's
				p.Report(cycle(p, path[at:], via[at:]))
			}
			return
		}
		d := p.detector(id)
		if d == nil || done[id] {
			return
		}
		path = append(path, id)
		for _, e := range edges(d) {
			via = append(via, e)
			visit(e.to)
			via = via[:len(via)-1]
		}
		path = path[:len(path)-1]
		done[id] = true
	}
	for i := range p.Spec.Detectors {
		visit(p.Spec.Detectors[i].ID)
	}
}

func cycle(p *Pass, ids []string, via []edge) dsl.Finding {
	f := dsl.Finding{
		Path:    via[0].path,
		Message: "detectors wait for one another: " + strings.Join(ids, " → ") + " → " + ids[0],
		Hint:    "let one of them run without the others",
	}
	for i, e := range via[1:] {
		f.Related = append(f.Related, p.related(e.path, "%s waits for %s here", ids[i+1], e.signal))
	}
	return f
}
