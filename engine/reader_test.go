package engine

import (
	"context"
	"errors"
	"testing"

	"rvo.dev/engine/node"
)

// stuckSource hangs while it opens until it is told to go.
type stuckSource chan struct{}

// Open implements node.Source.
func (s stuckSource) Open(context.Context) (node.Stream, error) {
	<-s
	return nil, errors.New("no such camera")
}

// TestReaderGivenUp: a reader that hangs is counted until it comes back, one that has come back is not, whichever of the two
// comes first.
func TestReaderGivenUp(t *testing.T) {
	src := make(stuckSource)
	c := &camera{src: src, counts: &cameraCounts{}, news: make(chan struct{}, 1)}
	leaked := func(want int64, what string) {
		t.Helper()
		if n := c.counts.leaked.Load(); n != want {
			t.Errorf("%s: %d readers hang, want %d", what, n, want)
		}
	}
	for range 2 {
		r := &reader{c: c, ctx: t.Context()}
		end := make(chan struct{})
		go func() { r.run(); close(end) }()
		r.giveUp()
		leaked(1, "while it hangs")
		src <- struct{}{}
		<-end
		leaked(0, "after it came back")
		if why, over := r.ended(); !over || why == nil {
			t.Errorf("it came back with %v, %v", why, over)
		}
		r.giveUp()
		leaked(0, "given up when it was back already")
		<-c.news
	}
}
