package engine

import (
	"testing"
	"time"
)

// TestCompute: what a detector computes outside of the slots is done when the call returns, may be done side by side, and panics
// in the caller, where the engine knows whose it is.
func TestCompute(t *testing.T) {
	k := newKit(t)
	k.camera("front", 10, &fakeCamera{live: true})
	k.detector("d", 10, says(time.Millisecond, 1))
	e := k.engine()
	n := 0
	begun, first, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		e.compute(func() {
			close(begun)
			<-first
		})
	}()
	<-begun // only who is waited for may start what is to be waited for
	e.compute(func() { n++ })
	if n != 1 {
		t.Error("it was not done when the call returned")
	}
	close(first)
	<-ended
	defer func() {
		if p := recover(); p != "no" {
			t.Errorf("the caller of what panicked gets %v", p)
		}
		e.wg.Wait()
	}()
	e.compute(func() { panic("no") })
	t.Error("a panic was swallowed")
}
