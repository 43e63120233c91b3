// Package enginetest has what stands in for the outside in tests of the engine and of whatever is above it: a sink that
// remembers and a camera that shows what the test tells it to.
//
//	sink, cams := enginetest.NewRecording(), enginetest.NewCameras()
//	set, err := node.NewSet(append(all.Kinds(), sink.Kind(), cams.Kind())...)
//	cams.Feed("front").Push(enginetest.Shot{Level: 200})
//	records, err := sink.Wait(ctx, 1)
//
// Everything is safe for concurrent use and, made inside one, works in a testing/synctest bubble: nothing polls or
// reads a clock. The package starts no goroutine.
package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"rvo.dev/engine/node"
)

// Recording is a sink kind that keeps records in memory. All sinks of its kind share it.
type Recording struct {
	mu struct {
		sync.Mutex
		records []node.Record
		lines   [][]byte
		fail    error
		tries   int
		open    int
		changed chan struct{} // closed and made anew whenever something was written
	}
}

// NewRecording returns an empty recording.
func NewRecording() *Recording {
	r := &Recording{}
	r.mu.changed = make(chan struct{})
	return r
}

// Kind returns the sink kind "recording", without options, whose sinks write here.
func (r *Recording) Kind() node.Kind {
	return node.SinkKind(node.Contract{
		Name:    "recording",
		Doc:     "event records kept in memory for a test",
		Options: "#Options: {}\n",
	}, func(context.Context, node.Env, struct{}) (node.Sink, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.mu.open++
		return &recorder{r: r}, nil
	})
}

// Records returns a copy of the records so far, in the order of their delivery.
func (r *Recording) Records() []node.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mu.records)
}

// Lines returns the published lines so far, without line ends.
func (r *Recording) Lines() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mu.lines)
}

// Fail makes every delivery fail with this error from now on; nil lets them work again.
func (r *Recording) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.fail = err
}

// Tries returns how many deliveries were tried, failed ones included.
func (r *Recording) Tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.tries
}

// Open returns how many sinks are open.
func (r *Recording) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.open
}

// Wait returns the records as soon as there are n or more. When ctx is done first it returns what there is and an error
// that says how many.
func (r *Recording) Wait(ctx context.Context, n int) ([]node.Record, error) {
	for {
		r.mu.Lock()
		got, changed := slices.Clone(r.mu.records), r.mu.changed
		r.mu.Unlock()
		if len(got) >= n {
			return got, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return got, fmt.Errorf("%d of %d records: %w", len(got), n, context.Cause(ctx))
		}
	}
}

// recorder is one open sink.
type recorder struct {
	r      *Recording
	closed bool
}

// Write implements node.Sink.
func (s *recorder) Write(ctx context.Context, rec *node.Record, line []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := &s.r.mu
	m.Lock()
	defer m.Unlock()
	m.tries++
	if s.closed {
		return node.ErrClosed
	}
	if m.fail != nil {
		return m.fail
	}
	m.records = append(m.records, *rec)
	m.lines = append(m.lines, slices.Clone(line))
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// Close implements node.Sink.
func (s *recorder) Close() error {
	m := &s.r.mu
	m.Lock()
	defer m.Unlock()
	if s.closed {
		return node.ErrClosed
	}
	s.closed = true
	m.open--
	return nil
}
