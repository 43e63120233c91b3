package cv

import (
	_ "embed"
	"encoding/json"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed mog2.cue
var mog2CUE string

// MOG2Options are the options of the mog2 detector.
type MOG2Options struct {
	// History is a duration: how long a thing has to stand still to become background.
	History string `json:"history"`
	// VarThreshold is how many variances off the background a pixel has to be, 0 for the default.
	VarThreshold float64 `json:"varThreshold"`
	// Shadows takes darker spots of the same colour for background; nil for the default.
	Shadows *bool `json:"shadows"`
	// MinArea is the least area of a box's moving pixels as a share of the picture; nil for the default.
	MinArea *float64 `json:"minArea"`
}

// mog2Settings are the options with their defaults filled in.
type mog2Settings struct {
	history      time.Duration
	varThreshold float64
	shadows      bool
	minArea      float64
}

func (o MOG2Options) settings() (mog2Settings, error) {
	s := mog2Settings{varThreshold: orDefault(o.VarThreshold, 16), shadows: true, minArea: 0.001}
	if o.Shadows != nil {
		s.shadows = *o.Shadows
	}
	if o.MinArea != nil {
		s.minArea = *o.MinArea
	}
	var err error
	if s.history, err = duration("history", o.History, 10*time.Second); err != nil {
		return s, err
	}
	if err := within("varThreshold", s.varThreshold, 1, 1000); err != nil {
		return s, err
	}
	return s, within("minArea", s.minArea, 0, 1)
}

func mog2Emits(json.RawMessage) ([]node.Emit, error) {
	return []node.Emit{
		{Name: "level", Type: signal.TypeFloat, Doc: "share of the picture that is not background", Min: 0, Max: 1},
		{Name: "boxes", Type: signal.TypeBoxes, Doc: "what moves, largest first; the score is the moving share of the box"},
	}, nil
}

func mog2Kind() node.Kind {
	return node.Detector(node.Contract{
		Name: "mog2",
		Doc: "finds what differs from the background, which it learns as a mixture of Gaussians for each pixel (OpenCV's " +
			"BackgroundSubtractorMOG2 on brightness within 320 x 240). What stands still becomes background within " +
			"history. The camera's masks are left out. It says nothing about the first picture, from which it learns",
		Options: mog2CUE,
		Changes: map[string]node.Change{
			"history": node.Retune, "varThreshold": node.Retune, "shadows": node.Retune, "minArea": node.Retune,
		},
		Needs: needs,
		Emits: mog2Emits,
		Cost:  time.Millisecond,
		Masks: true,
	}, openMOG2())
}
