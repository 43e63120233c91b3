package engine

import (
	"errors"
	"sync"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// tryout is what a swap wants to know of a camera before it takes it: that it gives a picture.
type tryout struct {
	shown  chan struct{} // closed with the first picture
	failed chan error    // gets why there is none

	mu struct {
		sync.Mutex
		newest *frame.Frame
		err    error // the camera was given up
		over   bool
	}
}

func newTryout() *tryout {
	return &tryout{shown: make(chan struct{}), failed: make(chan error, 1)}
}

// show takes a picture: the newest is kept for detectors to be tried on.
func (t *tryout) show(f *frame.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.over {
		return
	}
	if t.mu.newest == nil {
		close(t.shown)
	} else {
		t.mu.newest.Release()
	}
	t.mu.newest = f.Retain()
}

// picture returns the newest picture with a reference, nil where there is none.
func (t *tryout) picture() *frame.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.newest == nil {
		return nil
	}
	return t.mu.newest.Retain()
}

// fail says why there are no pictures, and reports whether anybody still wants to know: then the camera is given up.
func (t *tryout) fail(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.over {
		return false
	}
	t.mu.err = err
	t.failed <- err
	return true
}

// end gives the picture back and returns why the camera was given up, nil if it was not.
func (t *tryout) end() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.newest != nil {
		t.mu.newest.Release()
	}
	t.mu.over, t.mu.newest = true, nil
	return t.mu.err
}

// sit gives the camera its place in the wiring that runs. The holder of the turn calls it.
func (c *camera) sit(s *seat) {
	if c.seat.Swap(s) != nil {
		return
	}
	if f := c.slot.Swap(nil); f != nil { // from before it was parked
		f.Release()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.mu.taken)
}

// park takes the camera's place away: it goes on reading, and its pictures are let go. The holder of the turn calls it.
func (c *camera) park() {
	if c.seat.Swap(nil) == nil {
		return
	}
	c.mu.Lock()
	c.mu.taken = make(chan struct{})
	c.mu.Unlock()
	if f := c.slot.Swap(nil); f != nil {
		c.counts.superseded.Add(1)
		f.Release()
	}
}

// unseated takes what a camera without a seat has read, and reports whether the reader is to go on. A live one's picture is let
// go; a file's waits for the seat, so that none of the file is lost. Nothing is counted: these are no pictures of the
// pipeline's.
func (r *reader) unseated(f *frame.Frame, err error) (more bool, why error) {
	c := r.c
	if err != nil {
		return errors.Is(err, frame.ErrNoBuffer) || errors.Is(err, node.ErrCorrupt), err
	}
	if t := c.try.Load(); t != nil {
		t.show(f)
	}
	if !c.file {
		f.Release()
		return true, nil
	}
	for c.seat.Load() == nil {
		c.mu.Lock()
		taken := c.mu.taken
		c.mu.Unlock()
		r.waits.Store(true)
		select {
		case <-taken:
		case <-r.ctx.Done():
			f.Release()
			return false, r.ctx.Err()
		}
	}
	r.beat.Store(int64(c.e.now()))
	r.waits.Store(false)
	return true, nil
}
