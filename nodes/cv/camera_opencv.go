//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// errNoPicture says that a grabbed picture turned out to be none.
var errNoPicture = errors.New("decoder gave no picture")

// handle guards a capture whose calls cannot be cancelled: Close may come while one is stuck, and freeing OpenCV's
// memory under it would end the process. Whoever is last frees it.
type handle struct {
	mu struct {
		sync.Mutex
		c            *capture
		busy, closed bool
	}
}

// enter returns the capture for one call; leave must follow.
func (h *handle) enter() (*capture, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.closed {
		return nil, node.ErrClosed
	}
	h.mu.busy = true
	return h.mu.c, nil
}

func (h *handle) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.busy = false
	if h.mu.closed {
		h.free()
	}
}

// replace puts another capture in place between enter and leave and frees the old one. After close it frees the new
// one instead and returns node.ErrClosed.
func (h *handle) replace(c *capture) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.closed {
		c.close()
		return node.ErrClosed
	}
	h.free()
	h.mu.c = c
	return nil
}

func (h *handle) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.closed = true
	if !h.mu.busy {
		h.free()
	}
}

// free is called with the lock held.
func (h *handle) free() {
	if h.mu.c != nil {
		h.mu.c.close()
		h.mu.c = nil
	}
}

// liveStream is a source that goes on without us: a device or a network stream. Its pictures have no media time.
type liveStream struct {
	handle

	name string // of the source, without credentials
	lost string // what to say when no picture comes
	info node.StreamInfo

	// Owned by the goroutine that calls Next.
	width, height int // expected of the next picture
	broken        int // pictures without content in a row
}

// maxBroken is how many pictures in a row may have no content before a live stream is taken for dead: about two seconds
// of a camera, so that a decoder that lost its key picture can find the next one.
const maxBroken = 64

func newLive(c *capture, name, lost string) *liveStream {
	s := &liveStream{name: name, lost: lost, info: describe(c)}
	s.mu.c = c
	s.info.Frames = 0
	s.width, s.height = s.info.Width, s.info.Height
	return s
}

// Next implements node.Stream. It cannot be cancelled while OpenCV waits; the source's timeout bounds that.
func (s *liveStream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer s.leave()
	ok, err := c.grab()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: %s", s.name, s.lost)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := c.retrieve(s.width, s.height, alloc)
	switch {
	case errors.Is(err, errNoPicture):
		if s.broken++; s.broken > maxBroken {
			return nil, fmt.Errorf("%s: %d pictures in a row without content", s.name, s.broken)
		}
		return nil, fmt.Errorf("%s: %w: %w", s.name, node.ErrCorrupt, err)
	case err != nil:
		return nil, err
	}
	s.broken, s.width, s.height = 0, f.Width, f.Height
	return f, nil
}

// Info implements node.Stream.
func (s *liveStream) Info() node.StreamInfo { return s.info }

// Close implements node.Stream.
func (s *liveStream) Close() error {
	s.close()
	return nil
}

// describe reads what an open capture says of itself, 0 for what cannot be true.
func describe(c *capture) node.StreamInfo {
	info := node.StreamInfo{Width: side(c.get(propWidth)), Height: side(c.get(propHeight))}
	if fps := c.get(propFPS); plausible(fps) {
		info.FPS = fps
	}
	if n := c.get(propFrameCount); n >= 1 && n < 1e9 {
		info.Frames = int(n)
	}
	return info
}

func side(v float64) int {
	if v >= 1 && v <= frame.MaxSide {
		return int(v)
	}
	return 0
}

// plausible reports whether a declared rate can be one. Containers without a rate declare their time base: 90000, 1000.
func plausible(fps float64) bool { return fps > 0 && fps <= maxFPS }

// maxFPS is the largest rate that is believed: above it lie the time bases that containers declare for want of one.
const maxFPS = 480

// bound returns timeout, or what is left until ctx's deadline where that is less, at least 1 ms.
func bound(ctx context.Context, timeout time.Duration) time.Duration {
	if d, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(d))
	}
	return max(timeout, time.Millisecond)
}
