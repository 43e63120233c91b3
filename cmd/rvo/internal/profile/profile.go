// Package profile measures what one run of each detector of a pipeline takes, by the number of threads it may use.
//
//	costs, err := profile.Measure(ctx, profile.Options{Graph: g, For: 30 * time.Second, Threads: []int{1, 2}, …})
//
// Detectors run one after the other on the same pictures, nothing beside them: what a run waits for in a pipeline under load is
// not its cost, and vet reckons with that itself. The package starts no goroutine.
package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// Options say what is measured. All fields must be set.
type Options struct {
	Graph *graph.Graph
	// For is how long it takes in all.
	For time.Duration
	// Threads are the numbers of threads that are tried.
	Threads []int
	Codec   frame.Codec
	// Env is what a node is opened with, by its role's word ("camera", "detector") and id.
	Env func(role, id string) node.Env
	// Now is the time since the beginning.
	Now func() tick.Time
}

// Cost is what the runs of one detector took with a number of threads, on all of its cameras.
type Cost struct {
	Detector string
	Threads  int
	// Runs that ended well are measured, but for the first of each camera; Failed is how many did not.
	Runs, Failed int
	// P50 and P95 are the median and the 95th percentile; 0 without a run.
	P50, P95 time.Duration
	// Err is one of the failures, nil: there was none.
	Err error
}

// Measure runs every detector on the pictures of every camera that it is for, the same share of the time each. It fails where a
// camera gives no picture or a detector cannot be opened.
func Measure(ctx context.Context, o Options) ([]Cost, error) {
	g := o.Graph
	var out []Cost
	parts := len(g.Cameras) * len(o.Threads)
	if parts == 0 || len(g.Detectors) == 0 {
		return nil, errors.New("the pipeline has no camera or no detector to measure")
	}
	share := o.For / time.Duration(parts)
	for _, threads := range o.Threads {
		took := make([]tally, len(g.Detectors))
		for i := range g.Cameras {
			if len(g.Cameras[i].Instances) == 0 {
				continue
			}
			if err := measure(ctx, &o, i, threads, share, took); err != nil {
				return nil, fmt.Errorf("camera %q: %w", g.Cameras[i].ID, err)
			}
		}
		for i := range g.Detectors {
			out = append(out, took[i].cost(g.Detectors[i].ID, threads))
		}
	}
	slices.SortStableFunc(out, func(a, b Cost) int { return index(g, a.Detector) - index(g, b.Detector) })
	return out, nil
}

func index(g *graph.Graph, id string) int {
	return slices.IndexFunc(g.Detectors, func(d graph.Detector) bool { return d.ID == id })
}

// tally is what the runs of a detector took.
type tally struct {
	took   []time.Duration
	failed int
	err    error
}

func (t *tally) cost(id string, threads int) Cost {
	slices.Sort(t.took)
	c := Cost{Detector: id, Threads: threads, Runs: len(t.took), Failed: t.failed, Err: t.err}
	if n := len(t.took); n > 0 {
		c.P50, c.P95 = t.took[n/2], t.took[min(n*95/100, n-1)]
	}
	return c
}

// patience is how much longer than its share a camera may take for its first picture.
const patience = 10 * time.Second

// measure runs the detectors of one camera on its pictures for a while.
func measure(ctx context.Context, o *Options, camera, threads int, share time.Duration, took []tally) error {
	lanes, err := open(ctx, o, camera, threads)
	defer func() {
		for _, l := range lanes {
			l.close()
		}
	}()
	if err != nil {
		return err
	}
	c := &o.Graph.Cameras[camera]
	src, err := c.Kind.OpenCamera(node.CameraEnv{
		Env: o.Env("camera", c.ID), Camera: frame.CameraID(c.ID), FPS: c.FPS, Width: c.Width, Height: c.Height, Loop: true,
	}, c.Options)
	if err != nil {
		return err
	}
	pool := frame.NewPool(frame.PoolOptions{Camera: frame.CameraID(c.ID), Slabs: c.Buffers()})
	defer pool.Close()
	s, err := src.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	cells := map[string]node.Input{} // the newest values, by signal
	seq := uint64(0)
	waiting, stop := context.WithTimeout(ctx, share+patience)
	defer stop()
	for end := o.Now().Add(share); o.Now() < end; {
		f, err := s.Next(waiting, pool)
		switch {
		case errors.Is(err, node.ErrCorrupt) || errors.Is(err, frame.ErrNoBuffer):
			continue
		case seq > 0 && (errors.Is(err, io.EOF) || waiting.Err() != nil && ctx.Err() == nil):
			return nil // a file that cannot begin again, a camera that has fallen silent
		case err != nil:
			return err
		}
		seq++
		f.Seq = seq
		if f.Capture == 0 {
			f.Capture = o.Now()
		}
		if f.PTS != frame.NoPTS && !c.Kind.Contract.Live {
			f.Capture = tick.Time(f.PTS) // pictures of a file are as far apart as they were taken
		}
		for _, l := range lanes {
			l.detect(ctx, o, f, seq == 1, cells, &took[l.detector])
		}
		f.Release()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// lane is a detector on one camera.
type lane struct {
	detector int
	in       *graph.Instance
	d        *graph.Detector
	model    node.Model
	inst     node.Instance
	run      *node.Run
	n        uint64
}

// open opens the detectors of a camera, each after those that it needs.
func open(ctx context.Context, o *Options, camera, threads int) ([]*lane, error) {
	g := o.Graph
	var out []*lane
	for _, i := range order(g, camera) {
		in := &g.Instances[i]
		l := &lane{detector: in.Detector, in: in, d: &g.Detectors[in.Detector]}
		env := node.DetectorEnv{Env: o.Env("detector", l.d.ID), Threads: threads, Codec: o.Codec, Compute: func(f func()) { f() }}
		var err error
		if l.model, err = l.d.Kind.OpenDetector(ctx, env, l.d.Options); err != nil {
			return out, fmt.Errorf("detector %q: %w", l.d.ID, err)
		}
		out = append(out, l)
		c := &g.Cameras[camera]
		if l.inst, err = l.model.NewInstance(ctx, node.InstanceEnv{
			Camera: frame.CameraID(c.ID), Seed: in.Seed, Masks: graph.Polygons(c.Masks), Zones: graph.ZonesByName(c.Zones),
		}); err != nil {
			return out, fmt.Errorf("detector %q: %w", l.d.ID, err)
		}
		l.run = node.NewRun(l.d.Emits)
	}
	return out, nil
}

// order returns the instances of a camera, each after those whose results it needs.
func order(g *graph.Graph, camera int) []int {
	var out []int
	var add func(i int)
	add = func(i int) {
		if slices.Contains(out, i) {
			return
		}
		for _, p := range g.Instances[i].Producers {
			add(p) // there is no circle: the graph was built
		}
		out = append(out, i)
	}
	for _, i := range g.Cameras[camera].Instances {
		add(i)
	}
	return out
}

// detect runs the detector on a picture where all that it needs is known, and notes what it took but for the first run.
func (l *lane) detect(ctx context.Context, o *Options, f *frame.Frame, first bool, cells map[string]node.Input, t *tally) {
	l.run.Reset()
	for _, name := range l.in.NeedNames {
		in, ok := cells[name]
		if !ok {
			return
		}
		l.run.Inputs = append(l.run.Inputs, in)
	}
	if !l.in.NoFrame {
		l.run.Frames = append(l.run.Frames, f)
	}
	l.n++
	l.run.N, l.run.Now = l.n, f.Capture
	began := o.Now()
	err := l.call(ctx)
	took := o.Now().Sub(began)
	if err != nil {
		t.failed++
		t.err = err
		return
	}
	if !first {
		t.took = append(t.took, took)
	}
	for _, v := range l.run.Outputs() {
		name := l.d.ID + "." + l.d.Emits[v.Index].Name
		cells[name] = node.Input{Signal: name, Value: v.Value, Capture: f.Capture}
	}
}

// call runs it within its timeout; a panic is its error.
func (l *lane) call(ctx context.Context) (err error) {
	ctx, stop := context.WithTimeout(ctx, l.in.Timeout)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	return l.inst.Detect(ctx, l.run)
}

func (l *lane) close() {
	if l.inst != nil {
		_ = l.inst.Close()
	}
	_ = l.model.Close()
}
