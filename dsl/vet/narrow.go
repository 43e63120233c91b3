package vet

import (
	"slices"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// narrow leaves in Spec only what is not at fault, so that the rest can be judged in the same run: events and detectors
// with an error go, and whatever reads a signal of a detector that went. It returns false where an error is about the
// whole, and for a graph also where it is about a camera, a sink or evidence, without which none can be built. Without a graph
// a detector stays whose signals are known.
func (p *Pass) narrow(found []dsl.Finding, build bool) bool {
	gone := map[string]bool{}
	for _, f := range found {
		if f.Severity != dsl.Error {
			continue
		}
		parts := strings.SplitN(f.Path, ".", 3)
		switch {
		case f.Path == "apiVersion", parts[0] == "tests", strings.HasPrefix(f.Path, "engine.lint"):
		case len(parts) > 1 && parts[0] == "detectors" && !build && p.gives(parts[1]):
			p.partial = true
		case len(parts) > 1 && (parts[0] == "events" || parts[0] == "detectors"):
			gone[parts[0]+"."+parts[1]] = true
		case len(parts) > 1 && (parts[0] == "cameras" || parts[0] == "sinks" || parts[0] == "evidence") && !build:
			p.partial = true
		default:
			return false
		}
	}
	s := *p.Spec
	s.Detectors = slices.Clone(s.Detectors)
	for more := true; more; {
		n := len(s.Detectors)
		s.Detectors = slices.DeleteFunc(s.Detectors, func(d graph.DetectorSpec) bool {
			if !gone["detectors."+d.ID] && !readsGone(gone, d.When) && !slices.ContainsFunc(d.Needs, func(n string) bool { return gone["detectors."+producer(n)] }) {
				return false
			}
			gone["detectors."+d.ID] = true
			return true
		})
		more = len(s.Detectors) < n
	}
	s.Events = slices.DeleteFunc(slices.Clone(s.Events), func(e graph.EventSpec) bool {
		return gone["events."+e.ID] || readsGone(gone, e.When)
	})
	p.partial = p.partial || len(s.Detectors) < len(p.Spec.Detectors) || len(s.Events) < len(p.Spec.Events)
	p.Spec, p.memo = &s, memo{}
	return true
}

// gives reports whether it is known what a detector says, whatever else is wrong with it.
func (p *Pass) gives(id string) bool {
	d := p.detector(id)
	return d != nil && p.emits(d) != nil
}

// readsGone reports whether a condition reads a signal of a detector that went.
func readsGone(gone map[string]bool, c *event.Cond) bool {
	found := false
	c.Walk(func(n *event.Cond) {
		found = found || n.Signal != "" && gone["detectors."+producer(n.Signal)]
	})
	return found
}
