package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
)

// Crossing returns the numbers of two sides of a polygon that cross or touch without being neighbours, and whether there
// are any. Side i goes from corner i to the next. Nobody draws such a zone on purpose: two corners are in the wrong order.
func Crossing(p signal.Polygon) (i, j int, crosses bool) {
	n := len(p)
	for i := range n {
		for j := i + 1; j < n; j++ {
			next, before := j == i+1, i == 0 && j == n-1
			a, b, c, d := p[i], p[(i+1)%n], p[j], p[(j+1)%n]
			switch {
			case n == 3:
				continue // neighbours all
			case next:
				if folds(a, b, d) {
					return i, j, true
				}
			case before:
				if folds(c, a, b) {
					return i, j, true
				}
			case meet(a, b, c, d):
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// leastArea is the area of a polygon, as a fraction of the picture's, below which it encloses nothing: less than a pixel of any
// camera.
const leastArea = 1e-9

// Flat reports whether a polygon whose sides do not cross encloses nothing: its corners are one point, or stand on one line. No box
// can be in it.
func Flat(p signal.Polygon) bool {
	twice := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		twice += a.X*b.Y - b.X*a.Y
	}
	return math.Abs(twice) < 2*leastArea
}

// folds reports whether the way from a over b to c goes back on itself.
func folds(a, b, c signal.Point) bool {
	return turn(a, b, c) == 0 && (a.X-b.X)*(c.X-b.X)+(a.Y-b.Y)*(c.Y-b.Y) > 0
}

// meet reports whether the sides a-b and c-d have a point in common.
func meet(a, b, c, d signal.Point) bool {
	t1, t2, t3, t4 := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if t1*t2 < 0 && t3*t4 < 0 {
		return true
	}
	return t1 == 0 && between(a, b, c) || t2 == 0 && between(a, b, d) || t3 == 0 && between(c, d, a) || t4 == 0 && between(c, d, b)
}

// turn says which way the corner a, b, c bends: -1, 0 or 1.
func turn(a, b, c signal.Point) int {
	l, r := (b.X-a.X)*(c.Y-a.Y), (b.Y-a.Y)*(c.X-a.X)
	switch {
	case l < r:
		return -1
	case l > r:
		return 1
	}
	return 0
}

// between reports whether c, which lies on the line through a and b, lies between them.
func between(a, b, c signal.Point) bool {
	return min(a.X, b.X) <= c.X && c.X <= max(a.X, b.X) && min(a.Y, b.Y) <= c.Y && c.Y <= max(a.Y, b.Y)
}

// zones refuses parts of the picture that are no polygons, and two of one name.
func (b *builder) zones(c *CameraSpec) {
	for what, zones := range map[string][]ZoneSpec{"zone": c.Zones, "mask": c.Masks} {
		for i, z := range zones {
			if err := z.Polygon.Validate(); err != nil {
				b.fail("camera %q: %s %q: %w", c.ID, what, z.Name, err)
			} else if i, j, ok := Crossing(z.Polygon); ok {
				b.fail("camera %q: %s %q: the sides from corners %d and %d cross: put the corners in order", c.ID, what, z.Name, i+1, j+1)
			} else if Flat(z.Polygon) {
				b.fail("camera %q: %s %q encloses nothing: its corners stand on one line", c.ID, what, z.Name)
			}
			if slices.ContainsFunc(zones[:i], func(o ZoneSpec) bool { return o.Name == z.Name }) {
				b.fail("camera %q: %s %q is there twice", c.ID, what, z.Name)
			}
		}
	}
}

// resolver finds what a condition names, as seen from a camera; from AllCameras only what names its camera is found.
func (b *builder) resolver(camera int) event.Resolver {
	seen := func(id string) *CameraSpec {
		if id == "" && camera != AllCameras {
			return &b.g.Cameras[camera].CameraSpec
		}
		i := slices.IndexFunc(b.spec.Cameras, func(c CameraSpec) bool { return c.ID == id })
		if i < 0 {
			return nil
		}
		return &b.spec.Cameras[i]
	}
	return event.Resolver{
		Cell: func(id, name string) (event.CellRef, bool) {
			ci := camera
			if id != "" {
				ci = b.g.CameraIndex(id)
			}
			c, ok := b.cell[cellKey{ci, name}]
			if spec := seen(id); !ok && spec != nil && !spec.Enabled {
				c, ok = b.nowhere(name)
			}
			if !ok {
				return event.CellRef{}, false
			}
			return event.CellRef{Cell: c, Type: b.g.Cells[c].Type}, true
		},
		Zone: func(id, name string) (signal.Polygon, bool) {
			spec := seen(id)
			if spec == nil {
				return nil, false
			}
			for _, z := range spec.Zones {
				if z.Name == name {
					return z.Polygon, true
				}
			}
			return nil, false
		},
		Masks: func(id string) []signal.Polygon {
			spec := seen(id)
			if spec == nil {
				return nil
			}
			return Polygons(spec.Masks)
		},
	}
}

// nowhere returns the cell of a signal on a camera that is not enabled: one for all of them, for it is never written. What
// asks for it is unknown, as with a detector that is not enabled.
func (b *builder) nowhere(name string) (int, bool) {
	key := cellKey{AllCameras, name}
	if c, ok := b.cell[key]; ok {
		return c, true
	}
	id, sig, _ := strings.Cut(name, ".")
	emits := CameraEmits()
	if id != CameraSignals {
		d := b.known[id]
		if d == nil {
			return 0, false
		}
		emits = d.Emits
	}
	for _, e := range emits {
		if e.Name == sig {
			b.cell[key] = len(b.g.Cells)
			b.g.Cells = append(b.g.Cells, Cell{Camera: AllCameras, Detector: id, Signal: name, Type: e.Type, TTL: time.Second, Instance: -1})
			return b.cell[key], true
		}
	}
	return 0, false
}

// Polygons returns the polygons of zones, in their order; nil for none.
func Polygons(zones []ZoneSpec) []signal.Polygon {
	var out []signal.Polygon
	for _, z := range zones {
		out = append(out, z.Polygon)
	}
	return out
}

// ZonesByName returns zones as what they are called and where they are; nil when there are none.
func ZonesByName(zones []ZoneSpec) map[string]signal.Polygon {
	if len(zones) == 0 {
		return nil
	}
	out := make(map[string]signal.Polygon, len(zones))
	for _, z := range zones {
		out[z.Name] = z.Polygon
	}
	return out
}

// nameless returns the path of the first leaf that names no camera.
func nameless(c *event.Cond) (string, bool) {
	if c == nil {
		return "", false
	}
	if (c.Op == event.OpCompare || c.Op == event.OpAbsent) && c.Camera == "" {
		return fmt.Sprintf("%s (%s)", c.Path, c.Signal), true
	}
	for _, part := range c.Of {
		if path, ok := nameless(part); ok {
			return path, true
		}
	}
	return "", false
}
