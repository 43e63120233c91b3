package signal

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPolygonContains(t *testing.T) {
	// An L: the lower half, and the left half above it.
	l := Polygon{{0, 0}, {0.5, 0}, {0.5, 0.5}, {1, 0.5}, {1, 1}, {0, 1}}
	// Two triangles that meet in the middle: its sides cross.
	bow := Polygon{{0, 0}, {1, 1}, {1, 0}, {0, 1}}
	for _, test := range []struct {
		name string
		p    Polygon
		x, y float64
		want bool
	}{
		{"lower right of the L", l, 0.9, 0.9, true},
		{"upper left of the L", l, 0.1, 0.1, true},
		{"the corner that is cut out", l, 0.9, 0.1, false},
		{"right of it", l, 1.1, 0.9, false},
		{"above it", l, 0.1, -0.1, false},
		{"left triangle of the bow", bow, 0.1, 0.5, true},
		{"between the triangles", bow, 0.5, 0.1, false},
		{"nothing", nil, 0.5, 0.5, false},
		{"a line", Polygon{{0, 0}, {1, 1}}, 0.5, 0.5, false},
		{"no number", l, math.NaN(), 0.5, false},
	} {
		if got := test.p.Contains(test.x, test.y); got != test.want {
			t.Errorf("%s: %t, want %t", test.name, got, test.want)
		}
	}
}

// TestPolygonsShareSides cuts the picture in two at a random line: every point is in exactly one of the parts, also one on
// the line, and where a part begins in the list of its corners does not matter.
func TestPolygonsShareSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(1, 15).Draw(t, "sixteenth")) / 16 })
		top, bottom := unit.Draw(t, "top"), unit.Draw(t, "bottom")
		left := Polygon{{0, 0}, {top, 0}, {bottom, 1}, {0, 1}}
		right := Polygon{{1, 1}, {bottom, 1}, {top, 0}, {1, 0}}
		n := rapid.IntRange(0, 3).Draw(t, "begin")
		right = append(right[n:len(right):len(right)], right[:n]...)
		x, y := unit.Draw(t, "x"), unit.Draw(t, "y")
		if l, r := left.Contains(x, y), right.Contains(x, y); l == r {
			t.Fatalf("(%g, %g) is left: %t, right: %t of the line from %g to %g", x, y, l, r, top, bottom)
		}
	})
}

func TestPolygonValidate(t *testing.T) {
	if err := (Polygon{{0, 0}, {1, 0}, {0.5, 1}}).Validate(); err != nil {
		t.Error(err)
	}
	err := Polygon{{0, 1.5}, {math.NaN(), 0}}.Validate()
	for _, want := range []string{"has 2 corners: give at least 3", "corner 0 of the polygon is at (0, 1.5): must be", "corner 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: must say %q", err, want)
		}
	}
}
