package engine

import (
	"context"
	"errors"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/tick"
)

// tap takes a camera's next picture, once.
type tap struct{ got chan *frame.Frame } // room for one

// ErrNoCamera says that the graph that runs has no camera of that id.
var ErrNoCamera = errors.New("no such camera")

// ErrWatched says that somebody waits for the camera's next picture already.
var ErrWatched = errors.New("the camera's next picture is waited for already")

// Picture waits for the next picture of a camera and returns it with a reference that is the caller's to release, soon: it
// is one of the camera's frame buffers. One waits at a time for each camera. The camera pays one load of a pointer for each
// picture that nobody waits for.
func (e *Engine) Picture(ctx context.Context, camera string) (*frame.Frame, error) {
	c := e.cameraByID(camera)
	if c == nil {
		return nil, ErrNoCamera
	}
	t := &tap{got: make(chan *frame.Frame, 1)}
	if !c.tap.CompareAndSwap(nil, t) {
		return nil, ErrWatched
	}
	select {
	case f := <-t.got:
		return f, nil
	case <-ctx.Done():
		if c.tap.CompareAndSwap(t, nil) {
			return nil, ctx.Err()
		}
		return <-t.got, nil // it is being handed over
	}
}

// At returns the wall clock's time at a point of core time, such as a picture's capture, by the offset that the core knows.
func (e *Engine) At(t tick.Time) time.Time { return e.wall(t) }

// hand gives a picture to who waits for the next. It never blocks: there is room for what it gives, once.
func (c *camera) hand(f *frame.Frame) {
	if t := c.tap.Swap(nil); t != nil {
		t.got <- f.Retain()
	}
}
