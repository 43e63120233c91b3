package engine

import (
	"math/bits"
	"sync/atomic"
)

// ready is the set of cameras that have something new, a bit each. Any goroutine adds, the holder of the turn takes.
type ready []atomic.Uint64

func newReady(cameras int) ready { return make(ready, (cameras+63)/64) }

// add notes a camera and reports whether it was not noted before: whoever noted it first has seen to it that the set is
// looked at.
func (r ready) add(camera int) bool {
	bit := uint64(1) << (camera % 64)
	return r[camera/64].Or(bit)&bit == 0
}

// take calls f for each camera that was noted, in order, after it has been struck off: what comes from then on notes it
// again.
func (r ready) take(f func(camera int)) {
	for i := range r {
		if r[i].Load() == 0 {
			continue
		}
		for w := r[i].Swap(0); w != 0; w &= w - 1 {
			f(64*i + bits.TrailingZeros64(w))
		}
	}
}

// all notes the first n cameras.
func (r ready) all(n int) {
	for i := range r {
		r[i].Store(^uint64(0) >> max(64*(i+1)-n, 0))
	}
}

// len returns how many cameras are noted.
func (r ready) len() int {
	n := 0
	for i := range r {
		n += bits.OnesCount64(r[i].Load())
	}
	return n
}
