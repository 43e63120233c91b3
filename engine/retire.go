package engine

import (
	"context"
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
		c.cancel() // all at once: each may take a while
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
		if !l.close() {
			stuck = append(stuck, l.model)
			e.leave("detector/" + l.name)
		}
	}
	for _, m := range p.models {
		if !slices.Contains(stuck, m) { // else one of its runs still uses it
			m.close(e)
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
		o.close()
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
	s.close()
}

// leave counts a node that could not be closed.
func (e *Engine) leave(id string) {
	e.left.Add(1)
	e.log.Error("a node that a swap took away did not end within its bound and is left behind", "node", id, "bound", drainLimit)
}
