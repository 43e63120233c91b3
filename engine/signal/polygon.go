package signal

import (
	"errors"
	"fmt"
)

// Point is a place in the picture in fractions of its width and height, from 0 to 1, y down.
type Point struct{ X, Y float64 }

// Polygon is a part of the picture: its corners in order, the last joined to the first. It must not be changed once it is
// part of a graph.
type Polygon []Point

// Validate returns what is wrong with the polygon, all of it: fewer than three corners, and corners outside of the
// picture. Sides that cross are allowed here: Contains then counts as inside what an odd number of turns goes round.
func (p Polygon) Validate() error {
	var errs []error
	if len(p) < 3 {
		errs = append(errs, fmt.Errorf("polygon has %d corners: give at least 3", len(p)))
	}
	for i, c := range p {
		if !(c.X >= 0 && c.X <= 1 && c.Y >= 0 && c.Y <= 1) { // so that NaN is refused
			errs = append(errs, fmt.Errorf("corner %d of the polygon is at (%g, %g): must be from 0 to 1, in fractions of the picture", i, c.X, c.Y))
		}
	}
	return errors.Join(errs...)
}

// Contains reports whether a point is inside. A point on a side may count as either; of two polygons that share the side
// exactly one contains it. The answer is the same on every machine.
func (p Polygon) Contains(x, y float64) bool {
	inside := false
	for i, a := range p {
		b := p[(i+len(p)-1)%len(p)]
		if (a.Y > y) == (b.Y > y) {
			continue
		}
		if a.Y > b.Y { // in one direction always, so that neighbours round a shared side alike
			a, b = b, a
		}
		// Is the point left of the side? Two products are compared, never their difference taken: a machine that fuses the
		// two steps would round differently.
		if (x-a.X)*(b.Y-a.Y) < (b.X-a.X)*(y-a.Y) {
			inside = !inside
		}
	}
	return inside
}
