package evidence

import (
	"time"

	"rvo.dev/engine/tick"
)

// maxStride bounds how thin held samples may get: with fewer pictures than one in four seconds a clip no longer shows
// what happened, and the newest ones are refused instead.
const maxStride = 4 * time.Second

// keep holds a sample that fell out of the ring and that an open clip needs. Where the bound is reached, what lies
// outside the clips' cores is thinned out, evenly and down to maxStride, so that a long event is covered at
// a lower rate rather than with a hole; after that the sample is lost. The cores are never thinned: the pre-roll and the
// moment that decided are worth most.
func (r *Ring) keep(s Sample) {
	for {
		core := r.core(s.Capture)
		if !core && r.mu.held.n > 0 && r.mu.stride > 0 {
			if last := r.mu.held.at(r.mu.held.n - 1).Capture; s.Capture.Sub(last) < r.mu.stride {
				r.lose(s.Capture)
				return
			}
		}
		if r.mu.held.bytes+s.Cost() <= r.mu.hold {
			r.mu.held.push(s)
			return
		}
		if !r.thinHeld() {
			r.lose(s.Capture)
			return
		}
	}
}

// thinHeld doubles the stride and drops held samples accordingly. It reports whether that may be tried again: false when
// nothing is left to thin out.
func (r *Ring) thinHeld() bool {
	stride := r.mu.stride
	if stride == 0 {
		stride = max(spacing(r.mu.held.appendSpan(nil, span{0, tick.Never})), 5*time.Millisecond)
	}
	if stride *= 2; stride > maxStride {
		return false
	}
	r.mu.stride = stride
	last := tick.Time(-1)
	r.mu.held.filter(func(s *Sample) bool {
		// A little less than a stride is enough, else jitter would leave every third instead of every second.
		if !r.core(s.Capture) && last >= 0 && s.Capture.Sub(last) < r.mu.stride-r.mu.stride/8 {
			r.lose(s.Capture)
			return false
		}
		last = s.Capture
		return true
	})
	return true
}

// sweep drops held samples that no pin needs any more.
func (r *Ring) sweep() {
	r.mu.held.filter(func(s *Sample) bool {
		if r.needed(s.Capture) {
			return true
		}
		r.mu.gone = max(r.mu.gone, s.Capture)
		return false
	})
	if len(r.mu.pins) == 0 {
		r.mu.stride = 0
	}
}
