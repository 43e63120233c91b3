package test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// steps resolves what signals say.
func (c *compiler) steps() {
	end := tick.Time(0)
	for i := range c.in.Steps {
		in := &c.in.Steps[i]
		path := fmt.Sprintf("%s.steps.%d", c.base, i)
		at := tick.Time(duration(in.At, time.Duration(end)))
		span := duration(in.For, 0)
		end = at.Add(span)
		c.test.steps = append(c.test.steps, step{at: at, to: end, path: path})
		s := &c.test.steps[len(c.test.steps)-1]
		camera, ok := c.camera(path+".camera", in.Camera)
		if in.Camera == nil {
			camera, ok = c.main, c.mainOK
		}
		if !ok {
			continue
		}
		give := func(name, path string, v func(t signal.Type) (signal.Value, string)) {
			for _, cell := range c.cells(path, name, camera) {
				value, fault := v(c.g.Cells[cell].Type)
				if fault != "" {
					c.fault(path, fmt.Sprintf("%s %s", name, fault), "")
					return
				}
				c.give(cell, value, s, duration(in.Every, 0), path)
			}
		}
		var said []string
		for _, name := range slices.Sorted(maps.Keys(in.Set)) {
			give(name, path+".set."+name, func(t signal.Type) (signal.Value, string) { return c.value(name, t, in.Set[name]) })
			said = append(said, name+" = "+string(in.Set[name]))
		}
		for _, name := range slices.Sorted(maps.Keys(in.Boxes)) {
			give(name, path+".boxes."+name, func(t signal.Type) (signal.Value, string) { return boxes(t, in.Boxes[name]) })
			said = append(said, fmt.Sprintf("%s = %d boxes", name, len(in.Boxes[name])))
		}
		s.text = strings.Join(said, ", ")
		if len(said) == 0 {
			s.text = "nothing"
		}
		if camera != graph.AllCameras {
			s.text += " on " + c.g.CameraID(camera)
		}
		if span > 0 {
			s.text += ", for " + short(tick.Time(span))
		}
	}
}

// cells returns the cells of a signal: the one on a camera, or those on all cameras where it is said.
func (c *compiler) cells(path, name string, camera int) []int {
	if !slices.Contains(c.signals, name) {
		c.unknown(path, c.doc.Place(path), "signal", name, c.signals)
		return nil
	}
	var out []int
	for i := range c.g.Cells {
		cell := &c.g.Cells[i]
		if cell.Signal == name && (cell.Instance >= 0 || cell.Own) && (camera == graph.AllCameras || cell.Camera == camera) {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		where := "anywhere"
		if camera != graph.AllCameras {
			where = "on camera " + c.g.CameraID(camera)
		}
		detector, _, _ := strings.Cut(name, ".")
		c.fault(path, fmt.Sprintf("detector %s does not run %s: %s is always unknown there", detector, where, name), "")
	}
	return out
}

// give gives a cell a value during a step. A camera's own signals hold until they say something else.
func (c *compiler) give(cell int, v signal.Value, s *step, every time.Duration, path string) {
	info := &c.g.Cells[cell]
	if info.Own {
		which := slices.Index(c.g.Cameras[info.Camera].Own[:], cell)
		c.test.states = append(c.test.states, state{at: s.at, camera: info.Camera, which: which, value: v, path: path})
		return
	}
	if every <= 0 {
		every = max(c.g.Instances[info.Instance].Period, 1)
	}
	c.test.gives = append(c.test.gives, give{
		cell: cell, value: v, at: s.at, last: lastBefore(s.at, every, max(s.to, s.at+1)), every: every, path: path,
	})
}

// lastBefore returns the last of the instants from, from + every, … that lies before to, which is after from.
func lastBefore(from tick.Time, every time.Duration, to tick.Time) tick.Time {
	return from + (to-1-from)/tick.Time(every)*tick.Time(every)
}

// gaps ends what a step says of a signal where a later one says something else of it, and takes out the time in which its
// detector says nothing because the camera is frozen or gone.
func (c *compiler) gaps() {
	t := c.test
	slices.SortStableFunc(t.states, func(a, b state) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.camera, b.camera))
	})
	slices.SortStableFunc(t.gives, func(a, b give) int { return cmp.Compare(a.at, b.at) })
	type moment struct {
		at            tick.Time
		camera, which int
	}
	said := map[moment]string{}
	for i := range t.states {
		s := &t.states[i]
		m := moment{s.at, s.camera, s.which}
		if other, ok := said[m]; ok {
			c.twice(s.path, other, s.at)
		}
		said[m] = s.path
	}
	latest := map[int]int{} // cell -> the give that was last
	for i := range t.gives {
		g := &t.gives[i]
		if j, ok := latest[g.cell]; ok {
			old := &t.gives[j]
			switch {
			case old.at == g.at:
				c.twice(g.path, old.path, g.at)
			case old.last >= g.at:
				old.last = lastBefore(old.at, old.every, g.at)
			}
		}
		latest[g.cell] = i
	}
	stills := make([][]span, len(c.g.Cameras))
	for i := range stills {
		stills[i] = c.still(i)
	}
	var out []give
	for _, g := range t.gives {
		cell := &c.g.Cells[g.cell]
		parts := g.without(stills[cell.Camera])
		if len(parts) == 0 {
			c.fault(g.path, fmt.Sprintf("camera %s is frozen or not up all that time: no detector says anything of it", c.g.CameraID(cell.Camera)), "")
		}
		out = append(out, parts...)
	}
	t.gives = out
}

func (c *compiler) twice(path, other string, at tick.Time) {
	c.fault(path, "it is set twice at "+short(at), "")
	if n := len(c.findings); n > 0 && c.findings[n-1].Path == path {
		c.findings[n-1].Related = []dsl.Related{{Place: c.doc.ValuePlace(other), Message: "here too"}}
	}
}

// span is the time from its begin until before its end.
type span struct{ from, to tick.Time }

// still returns when a camera is frozen or not up, by what the test says of it.
func (c *compiler) still(camera int) []span {
	var out []span
	up, frozen := true, false
	since := tick.Never
	states := c.test.states
	for i := range states {
		s := &states[i]
		if s.camera == camera {
			switch s.which {
			case graph.CameraUp:
				up = s.value.AsBool()
			case graph.CameraFrozen:
				frozen = s.value.AsBool()
			}
		}
		if i+1 < len(states) && states[i+1].at == s.at {
			continue // all that is said at one instant counts together
		}
		switch is := frozen || !up; {
		case is && since == tick.Never:
			since = s.at
		case !is && since != tick.Never:
			out, since = append(out, span{since, s.at}), tick.Never
		}
	}
	if since != tick.Never {
		out = append(out, span{since, tick.Never})
	}
	return out
}

// without returns the parts of g that lie outside of the spans, which are in order.
func (g give) without(spans []span) []give {
	var out []give
	for _, s := range spans {
		if g.at >= s.to || g.last < s.from {
			continue
		}
		if g.at < s.from {
			part := g
			part.last = lastBefore(g.at, g.every, s.from)
			out = append(out, part)
		}
		if s.to == tick.Never {
			return out
		}
		steps := (s.to - g.at + tick.Time(g.every) - 1) / tick.Time(g.every)
		g.at += steps * tick.Time(g.every)
		if g.at > g.last {
			return out
		}
	}
	return append(out, g)
}
