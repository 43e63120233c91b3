package event

import "fmt"

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
type BoxFilter struct {
	Labels             []string // one of these; empty: any
	MinScore, MaxScore float64  // 0 to 1
	MinArea, MaxArea   float64  // width times height, as a fraction of the picture, 0 to 1
	MinRatio, MaxRatio float64  // width over height, both in fractions of the picture
	Zones              []string // its anchor is in one of these; empty: anywhere
	Outside            []string // its anchor is in none of these
	Anchor             Anchor
}
