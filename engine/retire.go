package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// drainLimit is how long what a swap took away may take to end: its last runs, and what waits for a sink.
const drainLimit = 10 * time.Second

// retire closes parts that nobody uses any more, after their last run. What does not end in time is left behind and counted. With
// hurry it has no time: the run is at its end.
func (e *Engine) retire(p *parts, hurry bool) {
	limit := drainLimit
	if hurry {
		limit = hangLimit
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, c := range p.cams {
		c.end() // all at once: each may take a while
	}
	for _, c := range p.cams {
		e.retireCamera(c)
	}
	for _, enc := range p.encoders {
		enc.q.Close()
	}
	var stuck []*model
	for _, l := range p.lanes {
		select {
		case <-l.idle:
		case <-ctx.Done():
		}
		closed := false
		e.survive("detector/"+l.name(), func() { closed = l.close() })
		if !closed {
			stuck = append(stuck, l.model)
			e.leave("detector/" + l.name())
		}
	}
	for _, m := range p.models {
		if !slices.Contains(stuck, m) { // else one of its runs still uses it
			e.survive("detector/"+m.id, func() { m.close(e) })
		}
	}
	for _, s := range p.sinks {
		e.retireSink(ctx, s)
	}
	for _, o := range p.outlets {
		if o.closed {
			continue
		}
		if err := o.take(ctx); err != nil {
			e.leave("sink/" + o.spec.ID)
			continue
		}
		e.survive("sink/"+o.spec.ID, o.close)
		o.give()
	}
	*p = parts{}
}

// retireCamera ends a camera. Pictures that are still held go back to the system with their last reference.
func (e *Engine) retireCamera(c *camera) {
	if t := c.try.Load(); t != nil {
		_ = t.end()
	}
	c.halt()
	if f := c.slot.Swap(nil); f != nil {
		f.Release()
	}
	c.pool.Close()
}

// retireSink lets a sink deliver what waits, within the bound.
func (e *Engine) retireSink(ctx context.Context, s *sink) {
	s.q.Close()
	if s.cancel == nil { // it was never started
		s.close()
		return
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		s.cancel()
		select {
		case <-s.done:
		case <-time.After(hangLimit):
			e.leave("sink/" + s.id)
			return
		}
	}
	s.cancel()
	e.survive("sink/"+s.id, s.close)
}

// survive calls a node that a swap has brought or taken away: a panic of its is no reason for the others to end.
func (e *Engine) survive(id string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("a node panicked while it was swapped", "node", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	f()
}

// leave counts a node that could not be closed.
func (e *Engine) leave(id string) {
	e.left.Add(1)
	e.log.Error("a node that a swap took away did not end within its bound and is left behind", "node", id, "bound", drainLimit)
}
