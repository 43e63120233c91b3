package dsl

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// errLimit says that an evaluation took too long.
var errLimit = errors.New("evaluation limit")

// limited runs f and returns its result, errLimit after d, or the context's error. An f that is still running then is
// left behind, because there is no way to stop it. A panic of f, which would be a fault of the CUE evaluator, becomes an
// error.
func limited[T any](ctx context.Context, d time.Duration, f func() T) (T, error) {
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
	var none T
	select {
	case r := <-done:
		return r.v, r.err
	case <-t.C:
		return none, errLimit
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
