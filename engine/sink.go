package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/queue"
)

// sink delivers records to one sink, in order, from a goroutine of its own. Its queue keeps the newest: what an operator
// needs of a burst that does not fit is its end.
type sink struct {
	e      *Engine
	spec   *graph.Sink
	node   node.Sink
	q      *queue.Queue[delivery]
	reopen atomic.Bool
	done   chan struct{}

	written, dropped, retried atomic.Uint64

	mu struct {
		sync.Mutex
		err    string
		closed bool
	}
}

// delivery is a record on its way to a sink.
type delivery struct {
	record *node.Record
	line   []byte
}

// How often and how long a sink is tried for one record: about half a minute in all, which a full disk or a log rotation
// may last, after which newer records have a better claim.
const (
	sinkTries     = 8
	sinkFirstWait = 100 * time.Millisecond
	sinkMostWait  = 8 * time.Second
)

func newSink(ctx context.Context, e *Engine, g *graph.Graph, i int) (*sink, error) {
	spec := &g.Sinks[i]
	n, err := spec.Kind.OpenSink(ctx, e.env(g, "sink", spec.ID), spec.Options)
	if err != nil {
		return nil, err
	}
	return &sink{e: e, spec: spec, node: n, q: queue.New[delivery](spec.Queue, queue.DropOldest), done: make(chan struct{})}, nil
}

// push queues a record; it never waits.
func (s *sink) push(d delivery) {
	if lost, dropped := s.q.Push(d); dropped {
		s.dropped.Add(1)
		s.e.log.Error("an event record was dropped: the sink's queue is full", "node", "sink/"+s.spec.ID, "record", lost.record.ID, "bound", s.q.Cap())
	}
}

func (s *sink) start(ctx context.Context) { s.e.spawn(func() { s.loop(ctx) }) }

// loop delivers until the queue is closed and empty, or ctx is done; what is left then is counted as dropped.
func (s *sink) loop(ctx context.Context) {
	defer close(s.done)
	for {
		d, ok := s.q.Pop(ctx)
		if !ok {
			break
		}
		if !s.deliver(ctx, d) {
			s.dropped.Add(1)
		}
	}
	left := uint64(0)
	for {
		if _, ok := s.q.TryPop(); !ok {
			break
		}
		left++
	}
	if left > 0 {
		s.dropped.Add(left)
		s.e.log.Error("records were not delivered before the stop's bound", "node", "sink/"+s.spec.ID, "records", left)
	}
}

// deliver tries a record until it is taken, the bound is reached or the stop's time is over.
func (s *sink) deliver(ctx context.Context, d delivery) bool {
	wait := sinkFirstWait
	for try := 1; ; try++ {
		if s.reopen.CompareAndSwap(true, false) {
			if r, ok := s.node.(node.Reopener); ok {
				if err := r.Reopen(); err != nil {
					s.e.log.Error("reopen", "node", "sink/"+s.spec.ID, "err", err)
				}
			}
		}
		err := s.write(ctx, d)
		if err == nil {
			s.written.Add(1)
			s.setError(nil)
			return true
		}
		s.setError(err)
		s.e.log.Error("an event record is not written yet", "node", "sink/"+s.spec.ID, "record", d.record.ID, "try", try, "err", err)
		if try == sinkTries || ctx.Err() != nil {
			s.e.log.Error("an event record was dropped", "node", "sink/"+s.spec.ID, "record", d.record.ID, "tries", try, "err", err)
			return false
		}
		s.retried.Add(1)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, sinkMostWait)
	}
}

// write calls the sink; a panic in it is an error like any other.
func (s *sink) write(ctx context.Context, d delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.node.Write(ctx, d.record, d.line)
}

func (s *sink) setError(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.err = ""
	if err != nil {
		s.mu.err = err.Error()
	}
}

// stop lets the sink deliver what is queued; it does not wait.
func (s *sink) stop() { s.q.Close() }

func (s *sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return
	}
	s.mu.closed = true
	if err := s.node.Close(); err != nil {
		s.e.log.Error("close", "node", "sink/"+s.spec.ID, "err", err)
	}
}

func (s *sink) status() SinkStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SinkStatus{ID: s.spec.ID, Error: s.mu.err, Written: s.written.Load(), Dropped: s.dropped.Load(), Waiting: s.q.Len()}
}
