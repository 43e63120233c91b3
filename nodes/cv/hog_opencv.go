//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"math"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// hogScore maps the classifier's weight, which has no bound, to 0..1: 0.5 at weight 0, 0.73 at 1, 0.88 at 2.
func hogScore(weight float64) float64 { return 1 / (1 + math.Exp(-weight)) }

func openHOG() func(context.Context, node.DetectorEnv, HOGOptions) (node.Model, error) {
	return func(_ context.Context, env node.DetectorEnv, o HOGOptions) (node.Model, error) {
		t, err := node.NewTuned(o, HOGOptions.settings)
		if err != nil {
			return nil, err
		}
		if err := raiseThreads(env.Threads); err != nil {
			return nil, err
		}
		return hogModel{t}, nil
	}
}

type hogModel struct {
	*node.Tuned[HOGOptions, hogSettings]
}

// NewInstance implements node.Model.
func (m hogModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	d, err := newHOG()
	if err != nil {
		return nil, fmt.Errorf("hog: %w", err)
	}
	return &hog{shared: m, d: d}, nil
}

// Close implements node.Model.
func (hogModel) Close() error { return nil }

type hog struct {
	shared hogModel
	d      *hogDetector
	raw    []rawBox
}

// Detect implements node.Instance.
func (h *hog) Detect(_ context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("hog: run without a picture")
	}
	s, p := h.shared.Now(), run.Frames[len(run.Frames)-1].BGR()
	var err error
	if h.raw, err = h.d.detect(p, s.hogParams, h.raw[:0]); err != nil {
		return fmt.Errorf("hog: %w", err)
	}
	for i := range h.raw {
		h.raw[i] = h.raw[i].trim(s.trimWidth, s.trimHeight)
	}
	boxes := toBoxes(suppress(h.raw, s.overlap), p.Width, p.Height, "person", hogScore)
	run.Set("count", signal.Int(int64(len(boxes))))
	run.Set("boxes", signal.Boxes(boxes))
	return nil
}

// Close implements node.Instance.
func (h *hog) Close() error {
	h.d.close()
	return nil
}
