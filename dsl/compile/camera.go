package compile

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/schema"
)

func (c *compiler) camera(id string) {
	in, path := c.in.Cameras[id], "cameras."+id
	s := graph.CameraSpec{
		ID: id, FPS: or(in.FPS, 0), Width: or(in.Width, 0), Height: or(in.Height, 0),
		Ring: c.duration(path+".ring", in.Ring, 0),
		Pace: word(in.Pace, named[graph.Pace]{"live", graph.PaceLive}, named[graph.Pace]{"lockstep", graph.PaceLockstep}),
		Loop: or(in.Loop, false), Zones: c.areas(path+".zones", "zone", in.Zones), Masks: c.areas(path+".masks", "mask", in.Masks),
		Labels: in.Labels, Enabled: or(in.Enabled, true), Place: c.place(path),
	}
	if k := c.kind(node.RoleCamera, path, id, in.Kinds); k != nil {
		s.Kind, s.Options = k.Contract.Name, in.Kinds[k.Contract.Name]
		if k.Contract.Live {
			s.FreezeAfter = graph.DefaultFreezeAfter
		}
	}
	if in.Prio != nil {
		p := c.priority(in.Prio)
		s.Priority = &p
	}
	s.FreezeAfter = c.duration(path+".freezeAfter", in.Freeze, s.FreezeAfter)
	c.spec.Cameras = append(c.spec.Cameras, s)
}

// areas compiles the zones or masks of a camera.
func (c *compiler) areas(path, what string, in map[string][][]float64) []graph.ZoneSpec {
	var out []graph.ZoneSpec
	for _, name := range ids(in) {
		at := path + "." + name
		p := make(signal.Polygon, 0, len(in[name]))
		for _, corner := range in[name] {
			if len(corner) == 2 {
				p = append(p, signal.Point{X: corner[0], Y: corner[1]})
			}
		}
		switch i, j, crosses := graph.Crossing(p); {
		case len(p) < 3:
			c.report(dsl.Finding{
				Code: CodeArea, Path: at, Place: c.doc.Place(at),
				Message: fmt.Sprintf("%s %s has %s: it takes three to go round something", what, name, corners(len(p))),
				Hint:    "give it at least three, as [x, y] in fractions of the picture",
			})
		case crosses:
			side := func(i int) string { return fmt.Sprintf("from corner %d to %d", i+1, (i+1)%len(p)+1) }
			c.report(dsl.Finding{
				Code: CodeArea, Path: at, Place: c.doc.Place(at),
				Message: fmt.Sprintf("sides of %s %s cross or touch: %s and %s", what, name, side(i), side(j)),
				Hint:    "put the corners in the order in which they stand round it, each once",
			})
		case graph.Flat(p):
			c.report(dsl.Finding{
				Code: CodeArea, Path: at, Place: c.doc.Place(at),
				Message: fmt.Sprintf("%s %s encloses nothing: its corners stand on one line", what, name),
				Hint:    "move one of them away from the line through the others",
			})
		}
		out = append(out, graph.ZoneSpec{Name: name, Polygon: p})
	}
	return out
}

func corners(n int) string {
	if n == 1 {
		return "1 corner"
	}
	return fmt.Sprintf("%d corners", n)
}

// on compiles what is different about a detector on single cameras.
func (c *compiler) on(s *graph.DetectorSpec, path string, in map[string]schema.On) {
	for _, id := range ids(in) {
		at, o := path+".on."+id, in[id]
		span := func(field string, text *string) *time.Duration {
			if text == nil {
				return nil
			}
			d := c.duration(at+"."+field, text, 0)
			return &d
		}
		on := graph.OnSpec{
			FPS: o.FPS, MinFPS: o.MinFPS, Cost: span("cost", o.Cost), Timeout: span("timeout", o.Timeout), MaxAge: span("maxAge", o.MaxAge),
			Enabled: o.Enabled,
		}
		if o.Priority != nil {
			p := c.priority(o.Priority)
			on.Priority = &p
		}
		if s.On == nil {
			s.On = map[string]graph.OnSpec{}
		}
		s.On[id] = on
		c.checkOn(s, id, at)
	}
}

// checkOn reports what is different on a camera and cannot be.
func (c *compiler) checkOn(s *graph.DetectorSpec, id, at string) {
	if _, known := c.in.Cameras[id]; !known {
		c.ref(at, "camera", id, c.cams)
		return
	}
	everywhere := *s
	everywhere.On = map[string]graph.OnSpec{} // whether it is one of its cameras, not whether it is off there
	everywhere.Enabled = true
	on := s.On[id]
	_, runs := everywhere.At(id)
	spec, _ := s.At(id)
	switch {
	case !runs:
		c.report(dsl.Finding{
			Code: CodeNode, Path: at, Place: c.doc.Place(at), Message: fmt.Sprintf("detector %s does not run on camera %s", s.ID, id),
			Related: []dsl.Related{{Place: c.doc.ValuePlace("detectors." + s.ID + ".cameras"), Message: "its cameras"}},
			Hint:    "add " + id + " to its cameras, or take this away",
		})
	case !s.Enabled && on.Enabled != nil && *on.Enabled:
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: at + ".enabled", Message: fmt.Sprintf("detector %s is not enabled: that holds on every camera", s.ID),
			Related: []dsl.Related{{Place: c.doc.ValuePlace("detectors." + s.ID + ".enabled"), Message: "it is off here"}},
			Hint:    "enable it and name its cameras",
		})
	case spec.MinFPS > spec.FPS && s.MinFPS <= s.FPS:
		field, other := ".minFps", ".fps"
		if on.MinFPS == nil {
			field, other = other, field
		}
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: at + field, Message: fmt.Sprintf("minFps %v is above fps %v on camera %s", spec.MinFPS, spec.FPS, id),
			Related: []dsl.Related{{Place: c.onPlace(at, s.ID, other), Message: other[1:]}},
			Hint:    "lower minFps there, or raise fps",
		})
	}
}

// onPlace is where a field is given for a camera, else for the detector.
func (c *compiler) onPlace(at, id, field string) dsl.Place {
	if c.doc.Has(at + field) {
		return c.doc.ValuePlace(at + field)
	}
	return c.doc.ValuePlace("detectors." + id + field)
}
