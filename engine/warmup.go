package engine

import (
	"context"
	"fmt"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// openLanes opens instances and has each look at the newest picture of its camera, once.
func (d *edit) openLanes(ctx context.Context) error {
	from := backwards(d.remap.Instances, len(d.new.lanes))
	for i, l := range d.new.lanes {
		if l != nil {
			continue
		}
		l = newLane(d.e, d.new.g, i)
		l.model = d.new.models[d.new.g.Instances[i].Detector]
		if from[i] != sched.Gone { // its metrics go on
			l.took, l.failures = d.old.lanes[from[i]].took, d.old.lanes[from[i]].failures
		}
		if err := d.within(ctx, "detector/"+l.name(), StepOpen, l.open, func() { l.close() }); err != nil {
			return err
		}
		d.new.lanes[i] = l
		d.made.lanes = append(d.made.lanes, l)
		if d.undoes != nil || d.new.g.Detectors[d.new.g.Instances[i].Detector].Kind.Contract.External {
			continue // it has run before, or never does
		}
		if err := d.warmUp(ctx, i, l); err != nil {
			return err
		}
	}
	return nil
}

// warmUp makes a lane's first run, on the newest picture there is. One that needs signals which nobody has told yet is left for
// the live path.
func (d *edit) warmUp(ctx context.Context, i int, l *lane) error {
	in := &d.new.g.Instances[i]
	run := node.NewRun(l.emits)
	run.Now, run.N = d.e.now(), 1
	if !d.inputs(in, run) {
		return nil
	}
	var f *frame.Frame
	if !in.NoFrame {
		var done func()
		var err error
		if f, done, err = d.picture(in.Camera, d.new.g.Detectors[in.Detector].Isolate == graph.IsolateProcess); err != nil {
			return &SwapError{"detector/" + l.name(), StepWarmUp, err}
		}
		defer done()
		f.Retain()
		run.Frames = append(run.Frames, f)
	}
	release := func() {
		if f != nil {
			f.Release()
		}
	}
	return d.within(ctx, "detector/"+l.name(), StepWarmUp, func(ctx context.Context) error {
		defer release()
		return l.warm(ctx, run)
	}, nil)
}

// inputs gives a run the signals that the instance needs, as they are now, and reports false where one has no value.
func (d *edit) inputs(in *graph.Instance, run *node.Run) bool {
	old := backwards(d.remap.Cells, len(d.new.g.Cells))
	ok := true
	d.e.do(func() {
		for k, c := range in.Needs {
			if old[c] == sched.Gone {
				ok = false
				return
			}
			cell := d.e.core.Cell(old[c])
			if !cell.Seen() {
				ok = false
				return
			}
			run.Inputs = append(run.Inputs, node.Input{Signal: in.NeedNames[k], Value: cell.Value, Capture: cell.Capture})
		}
	})
	return ok
}

// picture returns the newest picture of a camera of the new graph, and what gives it back. Where it has given none yet, the
// picture is black.
func (d *edit) picture(camera int, shared bool) (*frame.Frame, func(), error) {
	c := d.new.cams[camera]
	var f *frame.Frame
	if c != nil && c.try.Load() != nil {
		f = c.try.Load().picture()
	}
	if was := d.was[camera]; f == nil && was != nil { // of the camera that goes, where the new one cannot be open yet
		d.e.do(func() { f = was.newest() })
	}
	if f != nil {
		if file, _ := f.Place(); file != nil || !shared {
			return f, f.Release, nil
		}
		f.Release()
	}
	spec := &d.new.g.Cameras[camera]
	w, h := spec.Width, spec.Height
	if w == 0 || h == 0 {
		w, h = blankWidth, blankHeight
	}
	pool := frame.NewPool(frame.PoolOptions{Camera: frame.CameraID(spec.ID), Slabs: 1, Shared: shared})
	f, err := pool.Get(frame.BGR, w, h)
	if err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("a picture to try it on: %w", err)
	}
	f.Capture = d.e.now()
	return f, func() { f.Release(); pool.Close() }, nil
}

// blankWidth and blankHeight are the size of a black picture, of a camera that does not say how large its own are.
const (
	blankWidth  = 640
	blankHeight = 480
)

// warm makes the first run of an instance that nobody else knows of yet. What it says is let go.
func (l *lane) warm(ctx context.Context, first *node.Run) error {
	l.mu.Lock()
	inst := l.mu.inst
	l.mu.Unlock()
	if err := inst.Detect(ctx, first); err != nil {
		return err
	}
	l.runs = first.N
	return nil
}

// newest returns the newest picture that the core holds, with a reference; nil where there is none. The holder of the turn
// calls it.
func (c *camera) newest() *frame.Frame {
	var f *frame.Frame
	for _, h := range c.held {
		if f == nil || h.Seq > f.Seq {
			f = h
		}
	}
	if f == nil {
		return nil
	}
	return f.Retain()
}
