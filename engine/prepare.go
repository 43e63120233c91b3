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

	"rvo.dev/engine/graph"
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
		l.idle = make(chan struct{})
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
				d.applies = append(d.applies, func() { d.e.survive(id, apply) })
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
