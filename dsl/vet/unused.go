package vet

import (
	"fmt"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// used returns the signals that something reads: events, needs and gates.
func used(p *Pass) map[string]bool {
	read := map[string]bool{}
	cond := func(c *event.Cond) {
		c.Walk(func(n *event.Cond) {
			if n.Signal != "" {
				read[n.Signal] = true
			}
		})
	}
	for i := range p.Spec.Events {
		cond(p.Spec.Events[i].When)
	}
	for i := range p.Spec.Detectors {
		d := &p.Spec.Detectors[i]
		cond(d.When)
		for _, n := range d.Needs {
			read[n] = true
		}
	}
	return read
}

func unusedDetectorCheck() Check {
	return Check{
		Code: "RVO105", Name: "detector that nobody listens to", Sound: true, Whole: true,
		Doc: `No event, no needs and no when reads a signal of this detector: it costs time and changes nothing. ` +
			`Use one of its signals, set enabled: false, or take it out.`,
		Run: func(p *Pass) {
			read := used(p)
			for i := range p.Spec.Detectors {
				d := &p.Spec.Detectors[i]
				emits := p.emits(d)
				if !d.Enabled || len(emits) == 0 {
					continue
				}
				var names []string
				for _, e := range emits {
					names = append(names, d.ID+"."+e.Name)
				}
				if !slices.ContainsFunc(names, func(n string) bool { return read[n] }) {
					path := "detectors." + d.ID
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
						Message: "nobody uses a signal of detector " + d.ID,
						Hint:    "it gives " + dsl.List(names),
					})
				}
			}
		},
	}
}

func unusedSignalCheck() Check {
	return Check{
		Code: "RVO106", Name: "signal that is set up and not used", Sound: true, Whole: true,
		Doc: `The pipeline changes a signal under emits that nothing reads, while it does read others of the detector: ` +
			`perhaps another one was meant.`,
		Run: func(p *Pass) {
			read := used(p)
			for id, in := range p.Doc.Pipeline.Detectors {
				for name := range in.Emits {
					if sig := id + "." + name; !read[sig] {
						path := "detectors." + id + ".emits." + name
						p.Report(dsl.Finding{
							Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
							Message: fmt.Sprintf("signal %s is set up here and nobody uses it", sig),
						})
					}
				}
			}
		},
	}
}

func idleCameraCheck() Check {
	return Check{
		Code: "RVO107", Name: "camera that nobody looks at", Sound: true, Whole: true,
		Doc: `No enabled detector runs on this camera: it is captured and decoded for nothing. Name it in a detector's ` +
			`cameras, set enabled: false, or take it out.`,
		Run: func(p *Pass) {
			for _, c := range p.cameras(nil) {
				if slices.ContainsFunc(p.Spec.Detectors, func(d graph.DetectorSpec) bool { return runsOn(&d, c.ID) }) {
					continue
				}
				path := "cameras." + c.ID
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
					Message: "no detector runs on camera " + c.ID,
				})
			}
		},
	}
}

func unusedNodeCheck() Check {
	return Check{
		Code: "RVO108", Name: "evidence or sink that nobody uses", Sound: true, Whole: true,
		Doc: `No event names this evidence, or every event names other sinks. Name it in an event or take it out.`,
		Run: func(p *Pass) {
			report := func(what, field, id string) {
				path := field + "." + id
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
					Message: fmt.Sprintf("no event uses %s %s", what, id),
				})
			}
			for _, e := range p.Spec.Evidence {
				if !slices.ContainsFunc(p.Spec.Events, func(ev graph.EventSpec) bool { return ev.Evidence == e.ID }) {
					report("evidence", "evidence", e.ID)
				}
			}
			for _, s := range p.Spec.Sinks {
				uses := func(ev graph.EventSpec) bool { return len(ev.Sinks) == 0 || slices.Contains(ev.Sinks, s.ID) }
				// Nobody wrote the one that a pipeline without sinks gets.
				if p.Doc.Has("sinks."+s.ID) && !slices.ContainsFunc(p.Spec.Events, uses) {
					report("sink", "sinks", s.ID)
				}
			}
		},
	}
}
