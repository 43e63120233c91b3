package dsl

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// errLimit says that an evaluation took too long, errMemory that it took too much.
var (
	errLimit  = errors.New("evaluation limit")
	errMemory = errors.New("evaluation memory limit")
)

// DefaultMemory is how much an evaluation may add to what the process holds, in bytes. A thousand cameras with an event each
// take about 200 MiB.
const DefaultMemory = 1 << 30

const (
	// maxStacks bounds the stacks of the process while it evaluates. Go ends a process whose stack needs more than 512 MiB,
	// and nothing can catch that; a definition that calls itself a million times would get there.
	maxStacks = 192 << 20
	// lookEvery is how often memory is looked at: a few microseconds each time. Filling a stack from the bound above to where
	// Go ends the process takes some hundred milliseconds.
	lookEvery = 5 * time.Millisecond
)

// limited runs f and returns its result, errLimit after d, errMemory when the process grew by more than memory bytes, or the
// context's error. An f that is still running then is left behind, because there is no way to stop it: whoever evaluates again
// and again does so in a process of its own. A panic of f, which would be a fault of the CUE evaluator, becomes an error.
func limited[T any](ctx context.Context, d time.Duration, memory uint64, f func() T) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("evaluation failed: %v\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r.v = f()
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var none T
	held := newHeld()
	before := held.heap()
	for {
		select {
		case r := <-done:
			return r.v, r.err
		case <-t.C:
			return none, errLimit
		case <-look.C:
			if h := held.heap(); h > before+memory || held.stacks() > maxStacks {
				return none, errMemory
			}
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
}

// held reads what the process holds.
type held struct{ samples []metrics.Sample }

func newHeld() *held {
	return &held{[]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}}
}

// heap returns the bytes of objects, dead ones that were not collected included; stacks then returns those of stacks.
func (h *held) heap() uint64 {
	metrics.Read(h.samples)
	return h.samples[0].Value.Uint64()
}

func (h *held) stacks() uint64 { return h.samples[1].Value.Uint64() }
