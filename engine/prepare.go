package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// prepare makes everything ready that the new graph has and the old one has not, beside the live path. What cannot be open twice
// comes last: until then nobody notices. An error is a *SwapError, and the caller discards the edit.
func (d *edit) prepare(ctx context.Context) error {
	d.core = sched.Prepare(d.old.g, d.new.g, sched.Replaced(d.new.g, d.changes), d.new.bounds)
	d.lay()
	steps := []func(context.Context) error{
		d.threads, d.memory, d.buffers, d.evidenceReady, d.retunes, d.openSinks, d.openCameras, d.sharedPictures, d.openModels, d.openLanes, d.exclusives,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// later has something taken back if the edit is discarded.
func (d *edit) later(undo func()) { d.undo = append(d.undo, undo) }

// discard closes what was opened and takes back what was done: nothing has happened.
func (d *edit) discard() {
	for _, l := range d.made.lanes {
		close(l.idle)
	}
	d.e.retire(&d.made, false)
	for _, undo := range slices.Backward(d.undo) {
		undo()
	}
}

// within calls foreign code for a node, on a thread of its own that is lowered like a detector's. One that does not return is
// left behind, and undone when it does. A rollback cannot be given up because something is slow, but by its own bound.
func (d *edit) within(ctx context.Context, id, step string, f func(context.Context) error, undo func()) error {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, fmt.Errorf("not ready within %v", openLimit))
	defer cancel()
	done := make(chan error, 1)
	var given atomic.Bool
	d.e.spawn(func() {
		runtime.LockOSThread() // never unlocked: the lowered thread ends with the goroutine
		_, _ = lowerPriority(d.e.pool.nice)
		err := guarded(ctx, f)
		if given.CompareAndSwap(false, true) {
			done <- err
			return
		}
		d.e.strays.Add(-1)
		if err == nil && undo != nil {
			undo()
		}
	})
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(hangLimit):
			if given.CompareAndSwap(false, true) {
				d.e.strays.Add(1)
				return &SwapError{id, step, context.Cause(ctx)}
			}
			err = <-done
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		err = context.Cause(ctx)
	}
	if errors.As(err, new(*memoryError)) {
		step = StepMemory
	}
	return &SwapError{id, step, err}
}

// guarded turns a panic of foreign code into an error.
func guarded(ctx context.Context, f func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f(ctx)
}

// threads looks whether every detector can ever run.
func (d *edit) threads(context.Context) error {
	for i := range d.new.g.Detectors {
		if det := &d.new.g.Detectors[i]; det.Threads > d.new.slots && d.does("detector/"+det.ID) != graph.Keep {
			return &SwapError{"detector/" + det.ID, StepCPU, fmt.Errorf("a run takes %d threads and there are %d CPU slots: raise engine.cores or lower its threads", det.Threads, d.new.slots)}
		}
	}
	return nil
}

// retunes has nodes that stay check their new options.
func (d *edit) retunes(ctx context.Context) error {
	tune := func(id string, v any, options json.RawMessage) error {
		if !d.tunes(id) {
			return nil
		}
		return d.within(ctx, id, StepOpen, func(context.Context) error {
			apply, err := retuner(v).Retune(options)
			if err == nil && apply != nil {
				d.applies = append(d.applies, apply)
			}
			return err
		}, nil)
	}
	for i, c := range d.new.cams {
		if c != nil {
			if err := tune("camera/"+c.id, c.src, d.new.g.Cameras[i].Options); err != nil {
				return err
			}
		}
	}
	for i, m := range d.new.models {
		if m != nil {
			if err := tune("detector/"+m.id, m.node, d.new.g.Detectors[i].Options); err != nil {
				return err
			}
		}
	}
	for i, s := range d.new.sinks {
		if s != nil {
			if err := tune("sink/"+s.id, s.out.Load().node, d.new.g.Sinks[i].Options); err != nil {
				return err
			}
		}
	}
	return nil
}

// evidenceReady checks folders that were not written to so far.
func (d *edit) evidenceReady(ctx context.Context) error {
	var err error
	if d.new.policies, err = d.e.policies(d.new.g); err != nil {
		return &SwapError{Step: StepOpen, Err: err}
	}
	known := map[string]bool{}
	for _, p := range d.old.policies {
		known[p.Dir] = true
	}
	for i := range d.new.policies {
		p := &d.new.policies[i]
		if known[p.Dir] {
			continue
		}
		err := d.within(ctx, "evidence/"+p.ID, StepOpen, func(context.Context) error {
			_, err := d.e.evidence.rec.Adopt(p)
			return err
		}, nil)
		if err != nil {
			return err
		}
	}
	if d.evidence, err = d.e.evidence.rec.Prepare(d.new.policies, ringsOf(d.new.g)); err != nil {
		return &SwapError{Step: StepOpen, Err: err}
	}
	return nil
}

// openModels opens what detectors share.
func (d *edit) openModels(ctx context.Context) error {
	for i := range d.new.g.Detectors {
		if d.new.models[i] != nil {
			continue
		}
		var m *model
		err := d.within(ctx, "detector/"+d.new.g.Detectors[i].ID, StepOpen, func(ctx context.Context) (err error) {
			m, err = d.e.openModel(ctx, d.new.g, i)
			return err
		}, func() { m.close(d.e) })
		if err != nil {
			return err
		}
		d.new.models[i] = m
		d.made.models = append(d.made.models, m)
	}
	return nil
}

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
		if err := d.within(ctx, "detector/"+l.name, StepOpen, l.open, func() { l.close() }); err != nil {
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
	run := &node.Run{Now: d.e.now(), N: 1}
	if !d.inputs(in, run) {
		return nil
	}
	var f *frame.Frame
	if !in.NoFrame {
		var done func()
		var err error
		if f, done, err = d.picture(in.Camera, d.new.g.Detectors[in.Detector].Isolate == graph.IsolateProcess); err != nil {
			return &SwapError{"detector/" + l.name, StepWarmUp, err}
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
	return d.within(ctx, "detector/"+l.name, StepWarmUp, func(ctx context.Context) error {
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
	inst, run := l.mu.inst, l.mu.run
	l.mu.Unlock()
	run.Reset()
	run.Frames, run.Inputs = append(run.Frames, first.Frames...), append(run.Inputs, first.Inputs...)
	run.Now, run.N = first.Now, first.N
	defer func() { clear(run.Frames) }()
	if err := inst.Detect(ctx, run); err != nil {
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
