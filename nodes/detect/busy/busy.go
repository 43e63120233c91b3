// Package busy is the detector kind that stands in for a model: a run takes as long as it is told.
//
//	detectors: heavy: {fps: 10, busy: {busy: "50ms"}}
//
// The time is processor time of the run's own thread where the system counts it (Linux), wall time elsewhere: a run that
// is interrupted for 20 ms takes 20 ms longer, as a model would. It waits for a picture and does not look at it.
// The package starts no goroutine.
package busy

import (
	"context"
	_ "embed"
	"encoding/json"
	"runtime"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the busy detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:    "busy",
		Doc:     "a stand-in for a model that computes, or waits, for a set time in each run",
		Options: optionsCUE,
		Changes: map[string]node.Change{"busy": node.Retune, "sleep": node.Retune},
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "runs", Type: signal.TypeInt, Doc: "how many runs were finished on this camera, from 1"}}, nil
		},
		Cost: defaultBusy,
		CostOf: func(raw json.RawMessage) time.Duration {
			var o Options
			if json.Unmarshal(raw, &o) != nil {
				return defaultBusy // said by whoever opens it
			}
			return o.Busy.Or(defaultBusy)
		},
	}, func(_ context.Context, _ node.DetectorEnv, o Options) (node.Model, error) {
		t, err := node.NewTuned(o, func(o Options) (Options, error) { return o, nil })
		return model{t}, err
	})
}

const defaultBusy = 3 * time.Millisecond

// Options are what stands under the kind's key.
type Options struct {
	Busy  node.Duration `json:"busy"` // 0: 3 ms
	Sleep bool          `json:"sleep"`
}

type model struct{ *node.Tuned[Options, Options] }

// NewInstance implements node.Model.
func (m model) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return &instance{model: m}, nil
}

// Close implements node.Model.
func (m model) Close() error { return nil }

type instance struct {
	model
	runs int64
}

// Detect implements node.Instance.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	o := i.Now()
	work := spin
	if o.Sleep {
		work = wait
	}
	if err := work(ctx, o.Busy.Or(defaultBusy)); err != nil {
		return err
	}
	i.runs++
	run.Set("runs", signal.Int(i.runs))
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return nil }

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spin computes until its thread has spent d, or ctx is done.
func spin(ctx context.Context, d time.Duration) error {
	runtime.LockOSThread() // the clock is the thread's
	defer runtime.UnlockOSThread()
	end := threadTime() + d
	for threadTime() < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		burn()
	}
	return nil
}

// burn computes for some microseconds: long enough that reading the clock does not count, short enough to end on time.
func burn() {
	x := uint32(1)
	for range 2000 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
	}
	runtime.KeepAlive(x)
}
