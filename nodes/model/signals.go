package model

import (
	"encoding/json"
	"fmt"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// Emits returns the signals that detectors with a network give, for Contract.Emits: they are the same for all options. The labels
// of boxes are known where the options name them; a file of labels is not read for it.
func Emits(raw json.RawMessage) ([]node.Emit, error) {
	var o struct{ Labels, Keep []string }
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, fmt.Errorf("options: %w", err)
		}
	}
	known := o.Keep
	if len(known) == 0 {
		known = o.Labels
	}
	return []node.Emit{
		{Name: "count", Type: signal.TypeInt, Min: 0, Max: MaxBoxes, Doc: "how many things are seen"},
		{Name: "boxes", Type: signal.TypeBoxes, Doc: "where they are, with label and score, best first", Labels: known},
		{Name: "best", Type: signal.TypeFloat, Min: 0, Max: 1, Doc: "the best score, 0 when nothing is seen"},
	}, nil
}

// Publish sets the signals of Emits to what a run has found, best first. The boxes become the run's.
func Publish(run *node.Run, found []signal.Box) {
	best := 0.0
	if len(found) > 0 {
		best = float64(found[0].Score)
	}
	run.Set("count", signal.Int(int64(len(found))))
	run.Set("boxes", signal.Boxes(found))
	run.Set("best", signal.Float(best))
}
