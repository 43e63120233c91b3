package engine

import (
	"context"
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
	id     string
	q      *queue.Queue[delivery]
	out    atomic.Pointer[outlet] // where they go: a swap puts another there, between two tries
	reopen atomic.Bool
	done   chan struct{}
	cancel context.CancelFunc // ends the delivery of what waits; set by start

	written, dropped, retried, failed atomic.Uint64

	mu struct {
		sync.Mutex
		err string
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

func openSink(ctx context.Context, e *Engine, g *graph.Graph, i int) (*sink, error) {
	o, err := newOutlet(ctx, e, g, i)
	if err != nil {
		return nil, err
	}
	return e.newSink(o), nil
}

func (e *Engine) newSink(o *outlet) *sink {
	s := &sink{e: e, id: o.spec.ID, q: queue.New[delivery](o.spec.Queue, queue.DropOldest), done: make(chan struct{})}
	s.out.Store(o)
	return s
}

// push queues a record; it never waits.
func (s *sink) push(d delivery) {
	if lost, dropped := s.q.Push(d); dropped {
		s.dropped.Add(1)
		s.e.log.Error("an event record was dropped: the sink's queue is full", "node", "sink/"+s.id, "record", lost.record.ID, "bound", s.q.Cap())
	}
}

func (s *sink) start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(ctx)
	s.e.spawn(func() { s.loop(ctx) })
}

// ended reports whether nobody delivers any more.
func (s *sink) ended() bool {
	if s.cancel == nil {
		return true // it was never started
	}
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

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
		s.e.log.Error("records were not delivered before the stop's bound", "node", "sink/"+s.id, "records", left)
	}
}

// deliver tries a record until it is taken, the bound is reached or the stop's time is over.
func (s *sink) deliver(ctx context.Context, d delivery) bool {
	wait := sinkFirstWait
	for try := 1; ; try++ {
		err := s.write(ctx, d)
		if err == nil {
			s.written.Add(1)
			s.setError(nil)
			return true
		}
		s.failed.Add(1)
		s.setError(err)
		s.e.log.Error("an event record is not written yet", "node", "sink/"+s.id, "record", d.record.ID, "try", try, "err", err)
		if try == sinkTries || ctx.Err() != nil {
			s.e.log.Error("an event record was dropped", "node", "sink/"+s.id, "record", d.record.ID, "tries", try, "err", err)
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

// write hands a record to the outlet that is there now.
func (s *sink) write(ctx context.Context, d delivery) error {
	o, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer o.give()
	if s.reopen.CompareAndSwap(true, false) {
		o.reopen()
	}
	return o.write(ctx, d)
}

// take waits for the outlet that is there when it is free: a swap may put another there meanwhile.
func (s *sink) take(ctx context.Context) (*outlet, error) {
	for {
		o := s.out.Load()
		if err := o.take(ctx); err != nil {
			return nil, err
		}
		if s.out.Load() == o {
			return o, nil
		}
		o.give()
	}
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

func (s *sink) close() { s.out.Load().close() }

func (s *sink) status() SinkStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SinkStatus{ID: s.id, Error: s.mu.err, Written: s.written.Load(), Dropped: s.dropped.Load(), Waiting: s.q.Len()}
}
