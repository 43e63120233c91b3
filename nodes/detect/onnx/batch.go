package onnx

import (
	"context"
	"errors"
	"sync"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/model"
)

// batcher computes the pictures of several cameras together: those whose runs come within a short wait. The runs wait in it, so
// they take no CPU slot; one of them sees to the batch of all, on a thread of the detectors' priority. One batch is computed at
// a time, while the next one gathers.
type batcher struct {
	most    int
	wait    time.Duration
	compute func(func())
	network *stack
	place   chan struct{} // whoever has put something in it computes

	mu struct {
		sync.Mutex
		gathering *batch // nil: none
	}
}

// batch is pictures that are computed together.
type batch struct {
	lead chan struct{} // has one token: whoever takes it sees to the batch, and gives it back when he cannot
	full chan struct{} // closed when there is no more room
	done chan struct{} // closed when each ask has its answer
	wait *time.Timer
	ripe bool // it need not wait any longer; of the token's holder

	// Under the batcher's lock.
	asks  []*ask
	taken bool // it is computed: nobody joins or leaves
}

// ask is one picture in a batch.
type ask struct {
	lens   *model.Lens
	in     model.Tensor
	filter *model.Filter
	found  []signal.Box
	err    error
}

func newBatcher(o *Batch, compute func(func()), network *stack) *batcher {
	return &batcher{most: o.Max, wait: o.Wait.D(), compute: compute, network: network, place: make(chan struct{}, 1)}
}

// detect returns the boxes of a picture, computed with those of others. It returns when ctx is done, unless its picture is being
// computed.
func (b *batcher) detect(ctx context.Context, lens *model.Lens, filter *model.Filter, f *frame.Frame) ([]signal.Box, error) {
	a := &ask{lens: lens, filter: filter}
	b.compute(func() { a.in, a.err = lens.Feed(f.BGR()) })
	if a.err != nil {
		return nil, a.err
	}
	x := b.join(a)
	for {
		select {
		case <-x.done:
			return a.found, a.err
		case <-x.lead:
			b.see(ctx, x)
		case <-ctx.Done():
			if b.leave(x, a) {
				return nil, context.Cause(ctx)
			}
			<-x.done // the network has the picture: its memory is not ours before that
			return a.found, a.err
		}
	}
}

// join adds a picture to the batch that gathers, or begins one.
func (b *batcher) join(a *ask) *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.mu.gathering
	if x == nil {
		x = &batch{lead: make(chan struct{}, 1), full: make(chan struct{}), done: make(chan struct{}), wait: time.NewTimer(b.wait)}
		x.lead <- struct{}{}
		b.mu.gathering = x
	}
	if x.asks = append(x.asks, a); len(x.asks) == b.most {
		close(x.full)
		b.mu.gathering = nil
	}
	return x
}

// leave takes a picture out of its batch and reports whether it could.
func (b *batcher) leave(x *batch, a *ask) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if x.taken {
		return false
	}
	for i := range x.asks {
		if x.asks[i] == a {
			x.asks = append(x.asks[:i], x.asks[i+1:]...)
			break
		}
	}
	return true
}

// take closes a batch to others and returns what is in it.
func (b *batcher) take(x *batch) []*ask {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.gathering == x {
		b.mu.gathering = nil
	}
	x.taken = true
	return x.asks
}

// see waits until the batch is to be computed and computes it, or gives the token back when ctx is done before.
func (b *batcher) see(ctx context.Context, x *batch) {
	select {
	case b.place <- struct{}{}:
	case <-ctx.Done():
		x.lead <- struct{}{}
		return
	}
	defer func() { <-b.place }()
	if !x.ripe {
		select {
		case <-x.full:
		case <-x.wait.C:
		case <-ctx.Done():
			x.lead <- struct{}{}
			return
		}
		x.ripe = true
	}
	x.wait.Stop()
	asks := b.take(x)
	for _, a := range asks {
		a.err = errPanic // until it is known better
	}
	defer close(x.done)
	b.compute(func() { b.network.run(asks) })
}

// errPanic is what the others of a batch hear whose run did not come back: who saw to it tells of the panic itself.
var errPanic = errors.New("the network panicked in a run for several cameras")
