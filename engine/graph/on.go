package graph

import (
	"slices"
	"time"

	"rvo.dev/engine/node"
)

// OnSpec is what is different about a detector on one camera; nil leaves a field as the detector has it. What all cameras
// share cannot differ: the kind with its options, and the threads of its model.
type OnSpec struct {
	FPS      *float64
	MinFPS   *float64
	Cost     *time.Duration
	Timeout  *time.Duration
	MaxAge   *time.Duration
	Priority *Priority
	Enabled  *bool
}

// At returns the detector as it is on a camera, with On taken in, and whether it runs there: it is enabled and the camera
// is one of its own. It does not ask whether the camera is enabled.
func (d *DetectorSpec) At(camera string) (DetectorSpec, bool) {
	at, on := *d, d.On[camera]
	set(&at.FPS, on.FPS)
	set(&at.MinFPS, on.MinFPS)
	set(&at.Cost, on.Cost)
	set(&at.Timeout, on.Timeout)
	set(&at.MaxAge, on.MaxAge)
	set(&at.Priority, on.Priority)
	set(&at.Enabled, on.Enabled)
	at.Enabled = at.Enabled && d.Enabled // off for all is off on each
	if at.Load == LoadAdaptive && at.MinFPS == 0 {
		at.MinFPS = at.FPS / 10
	}
	return at, at.Enabled && (len(d.Cameras) == 0 || slices.Contains(d.Cameras, camera))
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Tuning is how a detector runs on one camera.
type Tuning struct {
	Period   time.Duration // 1 / fps
	Slowest  time.Duration // 1 / minFps; 0: no floor
	Cost     time.Duration // expected time of one run
	Timeout  time.Duration
	MaxAge   time.Duration // 0: no limit
	Class    CostClass
	Threads  int      // CPU slots of one run
	Priority Priority // with the camera's, and what depends on it, taken in
}

// tuning fills in what the kind knows. The spec is as it is on the camera.
func tuning(d *DetectorSpec, k *node.Kind) Tuning {
	t := Tuning{
		Period: every(d.FPS), Slowest: every(d.MinFPS), Cost: d.Cost, Timeout: d.Timeout, MaxAge: d.MaxAge,
		Threads: max(d.Threads, 1), Priority: d.Priority,
	}
	if t.Cost == 0 {
		t.Cost = k.Contract.Cost
		if k.Contract.CostOf != nil {
			t.Cost = k.Contract.CostOf(d.Options)
		}
	}
	if t.Timeout == 0 {
		t.Timeout = DefaultTimeout
	}
	t.Class = ClassOf(t.Cost)
	if d.CostClass != nil {
		t.Class = *d.CostClass
	}
	return t
}

// every returns the time between two of so many a second; 0 for 0.
func every(fps float64) time.Duration {
	if fps <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / fps)
}
