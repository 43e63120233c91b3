package vet

import (
	"fmt"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

func absentSignalCheck() Check {
	return Check{
		Code: "RVO109", Name: "signal that is not there on a camera", Sound: true, Whole: true,
		Doc: `A detector needs, or an event asks for, signals that nothing gives on one of its cameras, because their ` +
			`detector does not run there or is not enabled. A needed signal that never comes keeps the detector from ` +
			`running; an event whose signals are all missing is unknown for ever. Let the detector run there, or leave the ` +
			`camera out.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Detectors {
				if d := &p.Spec.Detectors[i]; d.Enabled {
					absentNeeds(p, d)
					absentLeaves(p, "detectors."+d.ID, d.When)
				}
			}
			for i := range p.Spec.Events {
				if e := &p.Spec.Events[i]; e.Enabled && e.When != nil {
					absentLeaves(p, "events."+e.ID, e.When)
					absentSignals(p, e)
				}
			}
		},
	}
}

func absentNeeds(p *Pass, d *graph.DetectorSpec) {
	for i, n := range d.Needs {
		from := p.detector(producer(n))
		for _, c := range p.cameras(d.Cameras) {
			if runsOn(from, c.ID) || !runsOn(d, c.ID) {
				continue
			}
			why := "does not run on camera " + c.ID
			if !from.Enabled {
				why = "is not enabled"
			}
			p.Report(dsl.Finding{
				Path:    fmt.Sprintf("detectors.%s.needs.%d", d.ID, i),
				Message: fmt.Sprintf("detector %s needs %s, but %s %s", d.ID, n, from.ID, why),
				Related: []dsl.Related{p.related("detectors."+from.ID+".cameras", "detector %s", from.ID)},
				Hint:    "give both the same cameras, or enable " + from.ID,
			})
			break
		}
	}
}

// absentLeaves looks for leaves that name a camera on which nothing gives their signal: they are unknown for ever, whatever
// stands beside them. What is switched off is off on purpose.
func absentLeaves(p *Pass, base string, when *event.Cond) {
	if when == nil {
		return
	}
	when.Walk(func(leaf *event.Cond) {
		d := p.detector(producer(leaf.Signal))
		if leaf.Camera == "" || d == nil || !d.Enabled || runsOn(d, leaf.Camera) || len(p.cameras([]string{leaf.Camera})) == 0 {
			return
		}
		p.Report(dsl.Finding{
			Path:    base + "." + leaf.Path + ".camera",
			Message: fmt.Sprintf("%s is never given on camera %s: %s does not run there", leaf.Signal, leaf.Camera, d.ID),
			Related: []dsl.Related{p.related("detectors."+d.ID+".cameras", "its cameras")},
			Hint:    "let " + d.ID + " run there, or name another camera",
		})
	})
}

// entry returns the path of an id in a list of cameras, of the list where a label chose the camera.
func (*Pass) entry(path string, list *[]string, id string) string {
	if list != nil {
		if i := slices.Index(*list, id); i >= 0 {
			return fmt.Sprintf("%s.%d", path, i)
		}
	}
	return path
}

// absentSignals looks for cameras on which none of an event's signals is written. Some missing signals are what any and
// unknown are for.
func absentSignals(p *Pass, e *graph.EventSpec) {
	signals := e.When.Signals()
	written := func(camera string) bool {
		return slices.ContainsFunc(signals, func(r event.Ref) bool {
			d, on := p.detector(producer(r.Signal)), camera
			if r.Camera != "" {
				on = r.Camera
			}
			return producer(r.Signal) == graph.CameraSignals || d != nil && runsOn(d, on)
		})
	}
	disabled := slices.ContainsFunc(signals, func(r event.Ref) bool {
		d := p.detector(producer(r.Signal))
		return d != nil && !d.Enabled
	})
	cameras := p.cameras(e.Cameras)
	some := slices.ContainsFunc(cameras, func(c *graph.CameraSpec) bool { return written(c.ID) })
	switch {
	case len(cameras) == 0:
	case !some && !disabled && slices.ContainsFunc(signals, func(r event.Ref) bool { return r.Camera == "" }):
		p.Report(dsl.Finding{
			Path: "events." + e.ID + ".when", Place: p.Doc.Place("events." + e.ID + ".when"),
			Message: fmt.Sprintf("none of the signals of event %s is given on any of its cameras", e.ID),
			Hint:    "let their detectors run on the cameras of the event",
		})
	case !some && disabled:
		p.Report(dsl.Finding{
			Severity: dsl.Warning, Path: "events." + e.ID + ".when", Place: p.Doc.Place("events." + e.ID + ".when"),
			Message: fmt.Sprintf("event %s cannot happen: the detectors it asks are not enabled", e.ID),
		})
	case len(e.Cameras) > 0:
		for _, id := range e.Cameras {
			if slices.ContainsFunc(cameras, func(c *graph.CameraSpec) bool { return c.ID == id }) && !written(id) {
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: p.entry("events."+e.ID+".cameras", p.Doc.Pipeline.Events[e.ID].Cameras, id),
					Message: fmt.Sprintf("event %s cannot happen on camera %s: none of its signals is given there", e.ID, id),
				})
			}
		}
	}
}
