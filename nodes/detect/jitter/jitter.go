// Package jitter is the detector kind whose runs take a random time: what a schedule has to live with when an answer
// comes over a network.
//
//	detectors: remote: {fps: 30, jitter: {max: "20ms"}}
//
// A run waits between nothing and max, every length as likely, in an order that the seed decides; it computes nothing
// (the busy kind does) and takes no CPU slot. It waits for a picture and does not look at it. The package starts no
// goroutine.
package jitter

import (
	"context"
	_ "embed"
	"encoding/json"
	"math/rand/v2"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the jitter detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:     "jitter",
		Doc:      "a stand-in for a remote detector that answers after a random, seeded time",
		Options:  optionsCUE,
		Changes:  map[string]node.Change{"max": node.Retune, "seed": node.Retune},
		Blocking: true,
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "delay", Type: signal.TypeFloat, Doc: "how long the run waited, in milliseconds"}}, nil
		},
		Cost: defaultMax,
		CostOf: func(raw json.RawMessage) time.Duration {
			var o Options
			if json.Unmarshal(raw, &o) != nil {
				return defaultMax // said by whoever opens it
			}
			return o.Max.Or(defaultMax)
		},
	}, func(_ context.Context, _ node.DetectorEnv, o Options) (node.Model, error) {
		t, err := node.NewTuned(o, func(o Options) (Options, error) { return o, nil })
		return model{t}, err
	})
}

const defaultMax = 2 * time.Millisecond

// Options are what stands under the kind's key.
type Options struct {
	Max  node.Duration `json:"max"`  // 0: 2 ms
	Seed uint64        `json:"seed"` // 0: from the ids
}

type model struct{ *node.Tuned[Options, Options] }

// NewInstance implements node.Model.
func (m model) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	return &instance{model: m, own: env.Seed, camera: hash(string(env.Camera))}, nil
}

// hash is FNV-1a: the same on every machine and in every run.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Close implements node.Model.
func (m model) Close() error { return nil }

type instance struct {
	model
	own    uint64 // seed from the ids
	camera uint64 // hash of its id: with one seed for all, cameras would wait alike
}

// Detect implements node.Instance. The time of run N is a function of seed and N, so that a run that was abandoned
// changes nothing for the next.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	o := i.Now()
	seed := i.own
	if o.Seed != 0 {
		seed = o.Seed ^ i.camera
	}
	d := time.Duration(rand.New(rand.NewPCG(seed, run.N)).Int64N(int64(o.Max.Or(defaultMax)) + 1))
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	run.Set("delay", signal.Float(float64(d)/float64(time.Millisecond)))
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return nil }
