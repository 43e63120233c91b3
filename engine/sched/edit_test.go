package sched_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// edit carries out a line that changes the pipeline: `edit WHAT ID …` puts another in the place of what has that id or adds
// it, `remove WHAT ID` takes it out, `off WHAT ID` disables it.
func (s *sim) edit(f []string) error {
	what, id := f[1], f[2]
	switch what {
	case "camera":
		s.spec.Cameras = without(s.spec.Cameras, id, f[0] == "off", func(c *graph.CameraSpec) (string, *bool) { return c.ID, &c.Enabled })
	case "detector":
		s.spec.Detectors = without(s.spec.Detectors, id, f[0] == "off", func(d *graph.DetectorSpec) (string, *bool) { return d.ID, &d.Enabled })
	case "event":
		s.spec.Events = without(s.spec.Events, id, f[0] == "off", func(e *graph.EventSpec) (string, *bool) { return e.ID, &e.Enabled })
	default:
		return fmt.Errorf("no %q to edit", what)
	}
	if f[0] != "edit" {
		return nil
	}
	switch what {
	case "camera":
		return s.camera(f[2:])
	case "detector":
		return s.detector(f[2:])
	}
	return s.event(strings.Join(f[1:], " "))
}

// without returns the list without what has this id, or with it switched off.
func without[T any](list []T, id string, off bool, look func(*T) (string, *bool)) []T {
	list = slices.Clone(list)
	for i := range list {
		has, enabled := look(&list[i])
		if has != id {
			continue
		}
		if off {
			*enabled = false
			return list
		}
		return slices.Delete(list, i, i+1)
	}
	return list
}

// swap makes the core go on with the pipeline as it has been edited.
func (s *sim) swap() {
	s.spec.Revision = fmt.Sprintf("r%d", len(s.graphs)+1)
	slices.SortFunc(s.spec.Detectors, func(a, b graph.DetectorSpec) int { return strings.Compare(a.ID, b.ID) })
	g, err := graph.Build(&s.spec, fakes(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.graphs[g.Revision] = g
	s.swapTo(g)
}

func (s *sim) swapTo(g *graph.Graph) {
	replaced := sched.Replaced(g, graph.Changes(s.g, g, graph.Facts{}))
	swap := sched.Prepare(s.g, g, replaced, sched.Options{Slots: s.slots, Reserve: s.reserve})
	for job, i := range s.jobs {
		if i != sched.Gone {
			s.jobs[job] = swap.Remap().Instances[i]
		}
	}
	var came []string
	for i := range g.Cameras {
		if id := g.Cameras[i].ID; s.g.CameraIndex(id) == sched.Gone {
			came = append(came, id)
		}
	}
	s.next = g
	s.step(sched.Input{Kind: sched.InputSwap, Now: s.now, Swap: swap})
	for _, id := range came {
		l := s.cams[id]
		l.plan++
		plan := l.plan
		s.plan(tick.Time(float64(l.n)*float64(time.Second)/l.fps), func(s *sim) { s.picture(id, plan) })
	}
}

// find returns the graph of a revision that the pipeline had.
func (s *sim) find(revision string) (*graph.Graph, error) {
	if g, ok := s.graphs[revision]; ok {
		return g, nil
	}
	return nil, errors.New("there is none")
}
