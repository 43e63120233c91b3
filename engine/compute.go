package engine

import "runtime"

// compute runs f on a thread that is lowered as those of the CPU slots are, and waits for its end: what a detector computes that
// takes no slot must not hold the core up either. The thread ends with it, for it could not be raised again. A panic of f is the
// caller's.
func (e *Engine) compute(f func()) {
	done := make(chan any)
	e.spawn(func() {
		runtime.LockOSThread() // never unlocked: the lowered thread ends with the goroutine
		defer func() { done <- recover() }()
		if _, err := lowerPriority(e.pool.nice); err != nil {
			e.log.Debug("a detector computes at normal priority", "err", err)
		}
		f()
	})
	if p := <-done; p != nil {
		panic(p)
	}
}
