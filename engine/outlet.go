package engine

import (
	"context"
	"errors"
	"fmt"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// outlet is an open sink of the pipeline's. Whoever uses it holds it: one at a time.
type outlet struct {
	e    *Engine
	g    *graph.Graph // that it was opened for
	spec *graph.Sink
	held chan struct{} // has a token while it is in use

	// Of whoever holds it.
	node   node.Sink // nil: not open
	closed bool      // for good
}

func newOutlet(ctx context.Context, e *Engine, g *graph.Graph, i int) (*outlet, error) {
	o := &outlet{e: e, g: g, spec: &g.Sinks[i], held: make(chan struct{}, 1)}
	if err := o.open(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

// open opens the sink, also again after it was closed for another.
func (o *outlet) open(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	n, err := o.spec.Kind.OpenSink(ctx, o.e.env(o.g, "sink", o.spec.ID), o.spec.Options)
	if err != nil {
		return err
	}
	o.node = n
	return nil
}

// take waits until nobody uses the outlet.
func (o *outlet) take(ctx context.Context) error {
	select {
	case o.held <- struct{}{}:
		return nil
	default:
	}
	select {
	case o.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (o *outlet) give() { <-o.held }

// write calls the sink; a panic in it is an error like any other. One that could not be opened again when a swap went wrong is
// tried again here.
func (o *outlet) write(ctx context.Context, d delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if o.closed {
		return errors.New("the sink is closed")
	}
	if o.node == nil {
		if err := o.open(ctx); err != nil {
			return err
		}
	}
	return o.node.Write(ctx, d.record, d.line)
}

// reopen opens the sink's output anew, where it has one that can be.
func (o *outlet) reopen() {
	if r, ok := o.node.(node.Reopener); ok {
		if err := r.Reopen(); err != nil {
			o.e.log.Error("reopen", "node", "sink/"+o.spec.ID, "err", err)
		}
	}
}

// release closes the sink, which may be opened again.
func (o *outlet) release() {
	if o.node == nil {
		return
	}
	if err := o.node.Close(); err != nil {
		o.e.log.Error("close", "node", "sink/"+o.spec.ID, "err", err)
	}
	o.node = nil
}

// close closes the sink for good. It is called once nobody delivers any more.
func (o *outlet) close() {
	if o.closed {
		return
	}
	o.closed = true
	o.release()
}
