package cv

import (
	_ "embed"
	"encoding/json"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed hog.cue
var hogCUE string

// HOGOptions are the options of the hog detector.
type HOGOptions struct {
	// Enlarge scales the picture before the search, 0 for the default.
	Enlarge float64 `json:"enlarge"`
	// Step is the ratio of one size that is searched to the next, 0 for the default.
	Step float64 `json:"step"`
	// Threshold is the least weight of the classifier.
	Threshold float64 `json:"threshold"`
	// TrimWidth and TrimHeight are cut off each side of a box, as shares of it; nil for the defaults.
	TrimWidth  *float64 `json:"trimWidth"`
	TrimHeight *float64 `json:"trimHeight"`
	// MinNeighbors is how many overlapping finds make a person, 0 for the default.
	MinNeighbors int `json:"minNeighbors"`
	// Overlap is how much two people's boxes may overlap; nil for the default.
	Overlap *float64 `json:"overlap"`
}

// hogSettings are the options with their defaults filled in.
type hogSettings struct {
	hogParams
	trimWidth, trimHeight float64
	overlap               float64
}

func (o HOGOptions) settings() (hogSettings, error) {
	s := hogSettings{
		hogParams: hogParams{enlarge: orDefault(o.Enlarge, hogEnlarge), step: orDefault(o.Step, 1.1), threshold: o.Threshold, stride: 8},
		trimWidth: 0.2, trimHeight: 0.1, overlap: 0.5,
	}
	neighbors := orDefault(o.MinNeighbors, 3)
	if err := within("minNeighbors", neighbors, 1, 100); err != nil {
		return s, err
	}
	s.group = float64(neighbors - 1) // OpenCV wants more finds than its threshold
	if o.TrimWidth != nil {
		s.trimWidth = *o.TrimWidth
	}
	if o.TrimHeight != nil {
		s.trimHeight = *o.TrimHeight
	}
	if o.Overlap != nil {
		s.overlap = *o.Overlap
	}
	for _, b := range []struct {
		name           string
		v, least, most float64
	}{
		{"enlarge", s.enlarge, 0.1, 4},
		{"step", s.step, 1.01, 2},
		{"threshold", s.threshold, -2, 10},
		{"trimWidth", s.trimWidth, 0, 0.45},
		{"trimHeight", s.trimHeight, 0, 0.45},
		{"overlap", s.overlap, 0, 1},
	} {
		if err := within(b.name, b.v, b.least, b.most); err != nil {
			return s, err
		}
	}
	return s, nil
}

// hogParams are HOGDescriptor::detectMultiScale's, and enlarge, by which the picture is scaled before.
type hogParams struct {
	enlarge, step, threshold float64
	stride                   int     // pixels of the scaled picture
	group                    float64 // OpenCV's grouping threshold, 0 for none
}

const hogEnlarge = 1.5

// hogCost is what one run takes with default options on a picture of 768 x 576, on one thread: 130 ms were measured on an
// idle server core, 240 ms on one whose other half was busy.
const hogCost = 180 * time.Millisecond

func hogCostOf(raw json.RawMessage) time.Duration {
	e := orDefault(parse[HOGOptions](raw).Enlarge, hogEnlarge) / hogEnlarge
	return time.Duration(e * e * float64(hogCost))
}

func hogEmits(json.RawMessage) ([]node.Emit, error) {
	return []node.Emit{
		{Name: "count", Type: signal.TypeInt, Doc: "how many people are seen", Min: 0, Max: maxBoxes},
		{
			Name: "boxes", Type: signal.TypeBoxes,
			Doc: "where they are, labelled person, best first; the score is 0.5 at the classifier's weight 0, 0.73 at 1, 0.88 at 2",
		},
	}, nil
}

func hogKind() node.Kind {
	return node.Detector(node.Contract{
		Name: "hog",
		Doc: "finds standing and walking people with OpenCV's histogram of oriented gradients, which needs no model file. " +
			"People must be about 96 pixels tall or more after enlarging. Its cost grows with the square of enlarge and the " +
			"area of the picture; the stated one is for 768 x 576",
		Options: hogCUE,
		Changes: map[string]node.Change{
			"enlarge": node.Retune, "step": node.Retune, "threshold": node.Retune, "trimWidth": node.Retune, "trimHeight": node.Retune,
			"minNeighbors": node.Retune, "overlap": node.Retune,
		},
		Needs:  needs,
		Emits:  hogEmits,
		Cost:   hogCost,
		CostOf: hogCostOf,
	}, openHOG())
}
