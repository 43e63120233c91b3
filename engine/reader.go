package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// reader is one connection: it opens the source and reads until something ends it.
type reader struct {
	c    *camera
	ctx  context.Context
	gone atomic.Bool  // given up: nothing it still reads counts
	beat atomic.Int64 // core time of the last sign of life
	up   atomic.Bool  // connected

	waits atomic.Bool // for the camera's seat: no sign of life is due

	mu struct {
		sync.Mutex
		stream node.Stream
		closed bool
		over   bool // it has come back
		why    error
	}
	base time.Duration // core time at media time 0, for files
	set  bool
}

// run opens the source and reads. It runs on a goroutine of its own because either may hang.
func (r *reader) run() {
	err := r.read()
	r.close()
	r.mu.Lock()
	r.mu.over, r.mu.why = true, err
	gone := r.gone.Load()
	r.mu.Unlock()
	if gone {
		r.c.counts.leaked.Add(-1)
	}
	r.c.nudge()
}

// ended returns why the reader has come back, and whether it has.
func (r *reader) ended() (why error, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.why, r.mu.over
}

// hangUp ends a reader: it asks, waits, and gives it up when it does not come back.
func (r *reader) hangUp() {
	r.c.cut()
	r.close()
	limit := time.NewTimer(hangLimit)
	defer limit.Stop()
	for {
		if _, over := r.ended(); over {
			return
		}
		select {
		case <-r.c.news:
		case <-limit.C:
			r.giveUp()
			return
		}
	}
}

// giveUp leaves a reader behind that hangs in foreign code: it is counted until it comes back.
func (r *reader) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.mu.over {
		r.gone.Store(true)
		r.c.counts.leaked.Add(1)
	}
}

// open connects; a panic of the source's is its error.
func (r *reader) open() (s node.Stream, err error) {
	defer contain(&err)
	return r.c.src.Open(r.ctx)
}

// next waits for the stream's next picture.
func (r *reader) next(s node.Stream) (f *frame.Frame, err error) {
	defer contain(&err)
	return s.Next(r.ctx, r.c.pool)
}

// contain turns a panic of foreign code into an error.
func contain(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the source panicked: %v", p)
	}
}

func (r *reader) read() error {
	c := r.c
	s, err := r.open()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.mu.stream = s
	closed := r.mu.closed
	r.mu.Unlock()
	if closed {
		return node.ErrClosed
	}
	c.opened(s.Info())
	r.beat.Store(int64(c.e.now()))
	r.up.Store(true)
	c.nudge()
	for {
		f, err := r.next(s)
		now := c.e.now()
		if r.gone.Load() || r.ctx.Err() != nil {
			if f != nil {
				f.Release()
			}
			return r.ctx.Err()
		}
		r.beat.Store(int64(now))
		if c.seat.Load() == nil {
			if more, err := r.unseated(f, err); !more {
				return err
			}
			if f == nil || !c.file {
				continue
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, frame.ErrNoBuffer):
			c.counts.seq.Add(1)
			c.counts.noBuffer.Add(1)
			continue
		case errors.Is(err, node.ErrCorrupt):
			c.counts.seq.Add(1)
			if c.counts.corrupt.Add(1) == 1 {
				c.e.log.Warn("a picture could not be decoded; the camera goes on", "node", "camera/"+c.id, "err", err)
			}
			continue
		default:
			return err
		}
		f.Seq = c.counts.seq.Add(1)
		if !r.pace(f) {
			f.Release()
			return r.ctx.Err()
		}
		if f.Capture == 0 {
			f.Capture = c.e.now()
		}
		if c.watchFreeze(f) {
			c.nudge()
		}
		c.publish(f)
	}
}

// pace holds a file's picture back until its time has come. It returns false when the reader is to end.
func (r *reader) pace(f *frame.Frame) bool {
	if f.PTS == frame.NoPTS || !r.c.file {
		return true
	}
	now := time.Duration(r.c.e.now())
	if !r.set || now-(r.base+f.PTS) > rebaseAfter {
		r.base, r.set = now-f.PTS, true
	}
	ahead := r.base + f.PTS - now
	if ahead <= 0 {
		return true
	}
	t := time.NewTimer(ahead)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
		return false
	}
	r.beat.Store(int64(r.c.e.now()))
	return true
}

// close closes the stream once, also one that opens only later; it may be called while the reader is stuck in it.
func (r *reader) close() {
	r.mu.Lock()
	s := r.mu.stream
	r.mu.stream, r.mu.closed = nil, true
	r.mu.Unlock()
	if s == nil {
		return
	}
	if err := s.Close(); err != nil {
		r.c.e.log.Warn("close a camera", "node", "camera/"+r.c.id, "err", redact(err.Error()))
	}
}
