package event

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/engine/signal"
)

// Anchor is the point of a box that zones and masks are asked about.
type Anchor uint8

const (
	// AnchorBottom is the middle of the lower side: where a person or a car stands on the ground.
	AnchorBottom Anchor = iota
	// AnchorCenter is the middle of the box.
	AnchorCenter
)

// String returns the anchor's name in the pipeline language.
func (a Anchor) String() string {
	switch a {
	case AnchorBottom:
		return "bottom"
	case AnchorCenter:
		return "center"
	}
	panic(fmt.Sprintf("event: no anchor %d", a))
}

// BoxFilter says which boxes of a signal count: those that pass all that is given. Bounds are inclusive, and 0 is none.
// A box in a mask of its camera never counts, with a filter or without.
type BoxFilter struct {
	Labels             []string // one of these; empty: any
	MinScore, MaxScore float64  // 0 to 1
	MinArea, MaxArea   float64  // width times height, as a fraction of the picture, 0 to 1
	MinRatio, MaxRatio float64  // width over height, both in fractions of the picture, 0 to 1000
	Zones              []string // its anchor is in one of these; empty: anywhere
	Outside            []string // its anchor is in none of these
	Anchor             Anchor
}

// bound is a range that a filter gives, for messages and texts.
type bound struct {
	name     string
	min, max float64
	limit    float64 // what neither may exceed
}

func (f *BoxFilter) bounds() []bound {
	return []bound{
		{"score", f.MinScore, f.MaxScore, 1},
		{"area", f.MinArea, f.MaxArea, 1},
		{"ratio", f.MinRatio, f.MaxRatio, 1000},
	}
}

// String returns what the filter asks of a box: label person, score gte 0.5, in yard.
func (f *BoxFilter) String() string {
	var parts []string
	list := func(name string, words []string) {
		if len(words) > 0 {
			parts = append(parts, name+" "+strings.Join(words, " or "))
		}
	}
	list("label", f.Labels)
	for _, b := range f.bounds() {
		if b.min != 0 {
			parts = append(parts, b.name+" gte "+number(b.min))
		}
		if b.max != 0 {
			parts = append(parts, b.name+" lte "+number(b.max))
		}
	}
	list("in", f.Zones)
	list("outside", f.Outside)
	if f.Anchor == AnchorCenter {
		parts = append(parts, "by its center")
	}
	return strings.Join(parts, ", ")
}

// number writes a number so that it reads back as the same.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// boxTest is a filter made runnable, with the masks of its camera. Bounds are of a box's own precision: a score of 0.7
// passes 0.7.
type boxTest struct {
	labels         []string
	score, area    [2]float32 // from, to
	ratio          [2]float32
	zones, outside []signal.Polygon // masks are among the latter
	anchor         Anchor
}

// count returns how many boxes pass.
func (t *boxTest) count(boxes []signal.Box) int64 {
	var n int64
	for i := range boxes {
		if t.passes(&boxes[i]) {
			n++
		}
	}
	return n
}

// passing returns the boxes that pass, for explanations.
func (t *boxTest) passing(boxes []signal.Box) []signal.Box {
	var out []signal.Box
	for i := range boxes {
		if t.passes(&boxes[i]) {
			out = append(out, boxes[i])
		}
	}
	return out
}

// passes reports whether a box counts. Nothing in it depends on how a machine rounds products into sums.
func (t *boxTest) passes(b *signal.Box) bool {
	if len(t.labels) > 0 && !slices.Contains(t.labels, b.Label) {
		return false
	}
	if b.Score < t.score[0] || b.Score > t.score[1] {
		return false
	}
	if a := b.W * b.H; a < t.area[0] || a > t.area[1] {
		return false
	}
	if b.W < t.ratio[0]*b.H || b.W > t.ratio[1]*b.H {
		return false
	}
	if len(t.zones) == 0 && len(t.outside) == 0 {
		return true
	}
	x, y := float64(b.X)+float64(b.W)/2, float64(b.Y)+float64(b.H)
	if t.anchor == AnchorCenter {
		y = float64(b.Y) + float64(b.H)/2
	}
	in := func(p signal.Polygon) bool { return p.Contains(x, y) }
	return (len(t.zones) == 0 || slices.ContainsFunc(t.zones, in)) && !slices.ContainsFunc(t.outside, in)
}

// boxes returns the test that a leaf on boxes needs, nil where every box counts.
func (k *compiler) boxes(c *Cond, path string) *boxTest {
	var masks []signal.Polygon
	if k.resolve.Masks != nil {
		masks = k.resolve.Masks(c.Camera)
	}
	if c.Filter == nil && len(masks) == 0 {
		return nil
	}
	f := c.Filter
	if f == nil {
		f = &BoxFilter{}
	}
	if f.Anchor > AnchorCenter {
		k.refuse(path, "anchor %d is none: use bottom or center", uint8(f.Anchor))
	}
	t := &boxTest{
		labels: slices.Clone(f.Labels), anchor: f.Anchor,
		zones: k.zones(c, f.Zones, path), outside: append(k.zones(c, f.Outside, path), masks...),
	}
	into := [...]*[2]float32{&t.score, &t.area, &t.ratio}
	for i, b := range f.bounds() {
		for _, v := range [...]float64{b.min, b.max} {
			if !(v >= 0 && v <= b.limit) { // so that NaN is refused
				k.refuse(path, "%s %g is out of range: give a number from 0 to %g", b.name, v, b.limit)
			}
		}
		if b.max > 0 && b.min > b.max {
			k.refuse(path, "%s is at least %g and at most %g: no box is both", b.name, b.min, b.max)
		}
		*into[i] = [2]float32{float32(b.min), float32(b.max)}
		if b.max == 0 {
			into[i][1] = float32(math.Inf(1))
		}
	}
	return t
}

// zones finds the named parts of a leaf's picture.
func (k *compiler) zones(c *Cond, names []string, path string) []signal.Polygon {
	var out []signal.Polygon
	for _, name := range names {
		var zone signal.Polygon
		ok := false
		if k.resolve.Zone != nil {
			zone, ok = k.resolve.Zone(c.Camera, name)
		}
		if !ok {
			k.refuse(path, "zone %q is not known%s: draw it in the zones of the camera", name, on(c.Camera))
		}
		out = append(out, zone)
	}
	return out
}

// on says where something is missing.
func on(camera string) string {
	if camera == "" {
		return ""
	}
	return fmt.Sprintf(" on camera %q", camera)
}
