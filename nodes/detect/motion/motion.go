// Package motion is the detector kind that says how much of the picture moves, and where, in plain Go on a small luma
// plane.
//
//	detectors: motion: {fps: 15, motion: {threshold: 20}}
//	events: moving: when: {signal: "motion.level", gte: 0.01}
//
// It keeps a background for each camera. A pixel that differs from it has changed; changed pixels that touch form an
// area; an area moves until nothing in it changes any more. So a thing that stops is no motion although it is not
// background yet, and a thing that is there when the camera starts is none at all. The first picture, a picture of
// another size and a sudden change of light start the background anew and say level 0. It classifies nothing: a branch
// in the wind moves. Options that change while it runs leave the background as it is. The package reads no clock and starts
// no goroutine.
package motion

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the motion detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:    "motion",
		Doc:     "how much of the picture moves, as a level and as boxes, against a background that it learns; the camera's masks are left out",
		Options: optionsCUE,
		Changes: map[string]node.Change{
			"threshold": node.Retune, "minArea": node.Retune, "learn": node.Retune, "rest": node.Retune, "lightning": node.Retune,
		},
		Emits: emits,
		Cost:  cost,
		Masks: true,
	}, open)
}

// cost is one run on a picture of 640 x 480 BGR, rounded up. Three quarters of it is the small luma plane, which other
// detectors share; a picture of 320 x 240 takes a third.
const cost = 2 * time.Millisecond

// emits refuses what complete does, so that vet finds it too.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	return []node.Emit{
		{Name: "level", Type: signal.TypeFloat, Min: 0, Max: 1, Doc: "share of the picture's pixels that move"},
		{Name: "boxes", Type: signal.TypeBoxes, Doc: "areas that move, largest first, at most 64; the score is the " +
			"share of the box that has changed"},
	}, nil
}

// Options are what stands under the kind's key. Zero values stand for the defaults, except that a
// minArea of 0 can be written.
type Options struct {
	Threshold int           `json:"threshold"` // levels, 1 to 255
	MinArea   *float64      `json:"minArea"`   // fraction of the picture, 0 to 1
	Learn     node.Duration `json:"learn"`
	Rest      node.Duration `json:"rest"`
	Lightning float64       `json:"lightning"` // fraction of the picture, above 0; 1: off
}

// longest bounds learn and rest: ages are kept in 16 bits of milliseconds a pixel.
const longest = time.Minute

func (o *Options) complete() error {
	if o.Threshold == 0 {
		o.Threshold = 25
	}
	if o.MinArea == nil {
		area := 0.001
		o.MinArea = &area
	}
	if o.Lightning == 0 {
		o.Lightning = 0.8
	}
	o.Learn = node.Duration(o.Learn.Or(10 * time.Second))
	o.Rest = node.Duration(o.Rest.Or(500 * time.Millisecond))
	switch {
	case o.Threshold < 1 || o.Threshold > 255:
		return fmt.Errorf("threshold %d: must be from 1 to 255 levels", o.Threshold)
	case *o.MinArea < 0 || *o.MinArea > 1:
		return fmt.Errorf("minArea %g: must be from 0 to 1, a fraction of the picture", *o.MinArea)
	case o.Lightning < 0 || o.Lightning > 1:
		return fmt.Errorf("lightning %g: must be above 0 and at most 1 (off), a fraction of the picture", o.Lightning)
	case o.Learn.D() < time.Millisecond || o.Learn.D() > longest:
		return fmt.Errorf("learn %s: must be from 1ms to %s", o.Learn, longest)
	case o.Rest >= o.Learn:
		return fmt.Errorf("rest %s: must be shorter than learn (%s), or a thing is background before it is at rest", o.Rest, o.Learn)
	}
	return nil
}

func open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	t, err := node.NewTuned(o, func(o Options) (Options, error) {
		if err := o.complete(); err != nil {
			return o, fmt.Errorf("detector %q: motion: %w", env.ID, err)
		}
		return o, nil
	})
	return model{t}, err
}

// model holds nothing but options: cameras share no state.
type model struct{ *node.Tuned[Options, Options] }

// NewInstance implements node.Model.
func (m model) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	return &instance{model: m, back: background{mask: mask{polygons: env.Masks}}}, nil
}

// Close implements node.Model.
func (m model) Close() error { return nil }

// instance is one camera's background and the memory that a run works in.
type instance struct {
	model
	back  background
	areas areas
}

// Detect implements node.Instance. It looks at every frame of the run and answers for the last one.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	if err := ctx.Err(); err != nil {
		return err // before anything has changed
	}
	o := i.Now()
	var level float64
	var boxes []signal.Box
	for n, f := range run.Frames {
		p := f.SmallLuma()
		moving := i.back.update(o, p, f.Capture)
		if n < len(run.Frames)-1 {
			continue
		}
		if moving {
			level, boxes = i.areas.find(&i.back, *o.MinArea)
		}
	}
	run.Set("level", signal.Float(level))
	run.Set("boxes", signal.Boxes(boxes))
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return nil }
