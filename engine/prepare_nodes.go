package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
)

// memory looks whether old and new fit side by side, as far as it is known how large pictures are: what it cannot know, the
// pools find out when they claim their buffers.
func (d *edit) memory(context.Context) error {
	limit := d.new.g.Memory
	had, want := d.pictures(d.old), d.pictures(d.new)
	sum := int64(0)
	for id, n := range want {
		old, ok := had[id]
		switch {
		case !ok:
			sum += n
		case d.does(id) == graph.Replace && !d.by[id].Exclusive:
			sum += old + n
		default:
			sum += max(old, n)
		}
		delete(had, id)
	}
	for id, n := range had {
		if c := d.by[id]; c == nil || !c.Exclusive {
			sum += n
		}
	}
	parked := d.e.parkedBytes()
	if limit > 0 && sum+parked > limit && parked > 0 && d.undoes == nil {
		d.e.unpark() //nolint:contextcheck // has a bound of its own
		parked = 0
	}
	if limit > 0 && sum+parked > limit && d.undoes == nil {
		return &SwapError{"engine", StepMemory, fmt.Errorf("old and new side by side need %s for pictures and evidence rings, and engine.memory is %s: raise it, edit in smaller steps, or start again",
			size(sum+parked), size(limit))}
	}
	ring, was := rings(d.new.g), rings(d.old.g)
	before := d.e.memory.widen(limit, max(ring-was, 0))
	d.later(func() { d.e.memory.narrow(before, max(ring-was, 0)) })
	return nil
}

// pictures returns what engine.memory bounds, by node, where it is known.
func (d *edit) pictures(w *wiring) map[string]int64 {
	out := map[string]int64{}
	for _, m := range graph.MemoryOf(w.g, func(i int) (int, int) {
		for _, c := range d.old.cams {
			if c.id == w.g.Cameras[i].ID && (w == d.old || d.does("camera/"+c.id) != graph.Replace) {
				st := c.status()
				return st.Width, st.Height
			}
		}
		return 0, 0
	}) {
		if m.Pictures && m.Source != graph.Assumed {
			out[m.Node] += m.Bytes
		}
	}
	return out
}

// buffers gives cameras that stay room for the pictures that more detectors hold. What fewer need goes after the swap.
func (d *edit) buffers(context.Context) error {
	for i, c := range d.new.cams {
		if c == nil || c.seat.Load() == nil {
			continue
		}
		old := c.pool.Stats()
		n, show := max(old.Bound, d.new.g.Cameras[i].Buffers()), old.Shared || shared(d.new.g, i)
		if n == old.Bound && show == old.Shared {
			continue
		}
		if err := c.pool.Resize(n, show); err != nil {
			return &SwapError{"camera/" + c.id, StepMemory, err}
		}
		d.later(func() { _ = c.pool.Resize(old.Bound, old.Shared) }) // less than before: always fits
	}
	return nil
}

// sharedPictures waits until the newest picture of a camera lies where another process can see it, where one is to look at it
// for the first time.
func (d *edit) sharedPictures(ctx context.Context) error {
	const look = 10 * time.Millisecond
	for i, c := range d.new.cams {
		if c == nil || c.seat.Load() == nil || !shared(d.new.g, i) || shared(d.old.g, c.seat.Load().index) {
			continue
		}
		for end := time.Now().Add(hangLimit); time.Now().Before(end); { // a camera that stands still has to do without
			var f *frame.Frame
			d.e.do(func() { f = c.newest() })
			if f == nil {
				break
			}
			file, _ := f.Place()
			f.Release()
			if file != nil {
				break
			}
			select {
			case <-time.After(look):
			case <-ctx.Done():
				return &SwapError{"camera/" + c.id, StepOpen, context.Cause(ctx)}
			}
		}
	}
	return nil
}

// openSinks opens what records go to from now on, where that can be open beside what they go to now.
func (d *edit) openSinks(ctx context.Context) error {
	for i := range d.new.g.Sinks {
		id := d.new.g.Sinks[i].ID
		if c := d.by["sink/"+id]; c != nil && c.Exclusive {
			continue
		}
		if err := d.openSink(ctx, i, StepOpen); err != nil {
			return err
		}
	}
	return nil
}

func (d *edit) openSink(ctx context.Context, i int, step string) error {
	s, id := d.new.sinks[i], "sink/"+d.new.g.Sinks[i].ID
	if s != nil && d.does(id) != graph.Replace {
		return nil
	}
	var o *outlet
	if s != nil && d.undoes != nil {
		o = find(d.undoes.outlets, func(x exchange) bool { return x.sink == s }).from
	}
	if o != nil && !o.closed && o.node != nil {
		d.outlets = append(d.outlets, exchange{s, s.out.Load(), o})
		return nil
	}
	o = &outlet{e: d.e, g: d.new.g, spec: &d.new.g.Sinks[i], held: make(chan struct{}, 1)}
	if err := d.within(ctx, id, step, o.open, o.close); err != nil && d.undoes == nil {
		return err
	} // when an edit is undone, what does not open again is tried again with the next record
	if s == nil {
		s = d.e.newSink(o)
		d.new.sinks[i] = s
		d.made.sinks = append(d.made.sinks, s)
		return nil
	}
	d.made.outlets = append(d.made.outlets, o)
	d.outlets = append(d.outlets, exchange{s, s.out.Load(), o})
	return nil
}

// openCameras opens all that are new, side by side, and waits for the first picture of each.
func (d *edit) openCameras(ctx context.Context) error {
	return d.open(ctx, StepOpen, func(id string) bool {
		c := d.by["camera/"+id]
		return c == nil || !c.Exclusive
	})
}

// open opens those cameras of the new graph that have no place yet and are chosen.
func (d *edit) open(ctx context.Context, step string, chosen func(id string) bool) error {
	var opened []*camera
	for i := range d.new.g.Cameras {
		id := d.new.g.Cameras[i].ID
		if d.new.cams[i] != nil || !chosen(id) {
			continue
		}
		var c *camera
		err := guarded(ctx, func(context.Context) (err error) {
			c, err = newCamera(d.e, d.new.g, i)
			return err
		})
		if err != nil {
			if cause := errors.Unwrap(err); cause != nil {
				err = cause // without the camera's name, which is in front
			}
			return &SwapError{"camera/" + id, step, err}
		}
		if old := find(d.old.cams, func(c *camera) bool { return c.id == id }); old != nil {
			c.counts, c.age = old.counts, old.age
		}
		d.new.cams[i] = c
		d.made.cams = append(d.made.cams, c)
		if d.undoes == nil { // else it is taken whatever it gives, and tried again as after any failure
			c.try.Store(newTryout())
			opened = append(opened, c)
		}
		c.start(d.e.watching) //nolint:contextcheck // it lives as long as the run
	}
	limit := time.NewTimer(openLimit)
	defer limit.Stop()
	for _, c := range opened {
		t := c.try.Load()
		err := error(nil)
		select {
		case <-t.shown:
			continue
		case err = <-t.failed:
		case <-limit.C:
			err = fmt.Errorf("no picture within %v", openLimit)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if errors.As(err, new(*memoryError)) {
			step = StepMemory
		}
		return &SwapError{"camera/" + c.id, step, err}
	}
	return nil
}

// exclusives closes what cannot be open beside its successor, and opens that; when it does not open, the old one is opened
// again.
func (d *edit) exclusives(ctx context.Context) error {
	alone := func(id string) bool { c := d.by[id]; return c != nil && c.Exclusive }
	for _, c := range d.gone.cams {
		if !alone("camera/" + c.id) {
			continue
		}
		c.halt()
		d.later(func() { c.start(d.e.watching) })
	}
	for _, s := range d.old.sinks {
		if !alone("sink/" + s.id) {
			continue
		}
		o := s.out.Load()
		if err := o.take(ctx); err != nil {
			return &SwapError{"sink/" + s.id, StepExclusive, fmt.Errorf("a record is on its way to it: %w", err)}
		}
		o.release()
		d.later(func() {
			if err := o.open(d.e.hard); err != nil {
				d.e.log.Error("a sink could not be opened again: the next record tries it", "node", "sink/"+s.id, "err", err)
			}
			o.give()
		})
	}
	if err := d.open(ctx, StepExclusive, func(string) bool { return true }); err != nil {
		return err
	}
	for i := range d.new.g.Sinks {
		if alone("sink/" + d.new.g.Sinks[i].ID) {
			if err := d.openSink(ctx, i, StepExclusive); err != nil {
				return err
			}
		}
	}
	return nil
}
