// Package dummy is the detector kind that always says 1: a heartbeat for tests and first pipelines.
//
//	detectors: beat: {fps: 30, dummy: {}}
//	events: alive: {when: {signal: "beat.value", gte: 1}, hold: "3s"}
//
// It looks at no picture, so it speaks while a camera is down. It has no options and starts no goroutine.
package dummy

import (
	"context"
	_ "embed"
	"encoding/json"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the dummy detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:    "dummy",
		Doc:     "the number 1 in every run, without a look at a picture",
		Options: optionsCUE,
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "value", Type: signal.TypeInt, Doc: "always 1"}}, nil
		},
		Cost:    time.Microsecond,
		NoFrame: true,
	}, func(context.Context, node.DetectorEnv, Options) (node.Model, error) { return one{}, nil })
}

// Options are what stands under the kind's key: nothing.
type Options struct{}

// one is model and instance at once: it has no state.
type one struct{}

// NewInstance implements node.Model.
func (one) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) { return one{}, nil }

// Detect implements node.Instance.
func (one) Detect(_ context.Context, run *node.Run) error {
	run.Set("value", signal.Int(1))
	return nil
}

// Close implements node.Model and node.Instance.
func (one) Close() error { return nil }
