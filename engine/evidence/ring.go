package evidence

import (
	"fmt"
	"sync"
	"time"

	"rvo.dev/engine/tick"
)

// Ring is a camera's last samples: bounded in bytes and, where asked, in span; the oldest go first. One goroutine pushes
// while others slice: the lock is held to move descriptors, never to copy bytes or to do anything slow.
//
// Samples that an open clip will need after the ring has let go of them are held beside it, within a bound of their own.
type Ring struct {
	mu struct {
		sync.Mutex
		bytes, hold int64
		span        time.Duration

		live   deque // what the ring holds by its own bounds
		held   deque // older ones that a pin still needs
		pins   []*pin
		stride time.Duration // of held samples outside every core, once hold was too small for all of them

		first  tick.Time // capture of the first sample ever, -1 before it
		newest tick.Time // capture of the newest sample ever, -1 before it
		gone   tick.Time // capture of the newest sample that nobody holds any more, -1 while there is none
		counts RingStats
	}
}

// RingStats says what a ring holds and what became of what was pushed: Pushed = Samples + EvictedBytes + EvictedSpan.
// Some of the evicted samples may still be held.
type RingStats struct {
	Samples      int           // in the ring
	Bytes        int64         // what they cost
	Bound        int64         // what they may cost
	Span         time.Duration // from the oldest to the newest
	SpanBound    time.Duration // what that may be; 0: no bound
	Held         int           // evicted samples that open clips need
	HeldBytes    int64         // what they cost
	HeldBound    int64         // what they may cost
	Pushed       uint64        // samples taken in
	EvictedBytes uint64        // samples that fell out because of the bound in bytes
	EvictedSpan  uint64        // samples that fell out because of the span
	Lost         uint64        // evicted samples that an open clip needed and there was no room for
	Refused      uint64        // samples not taken: larger than the bound, or older than the newest
}

// NewRing returns a ring of at most bytes (the sum of Sample.Cost), of at most span from oldest to newest where span is
// above 0, and of at most hold bytes beside it for what open clips need.
func NewRing(bytes, hold int64, span time.Duration) *Ring {
	r := &Ring{}
	r.mu.first, r.mu.newest, r.mu.gone = -1, -1, -1
	r.mu.bytes, r.mu.hold, r.mu.span = bytes, hold, span
	return r
}

// Push adds a sample, which must not be captured before the newest one. It returns why it was refused: a sample that is
// out of order, or that alone is more than the bound.
func (r *Ring) Push(s Sample) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Capture < max(r.mu.newest, 0) {
		r.mu.counts.Refused++
		return fmt.Errorf("sample of frame %d captured at %s: must not be before the newest one at %s", s.Frame, s.Capture, max(r.mu.newest, 0))
	}
	if s.Cost() > r.mu.bytes {
		r.mu.counts.Refused++
		return fmt.Errorf("sample of frame %d costs %d bytes and the ring holds %d: give the camera a larger ring or a lower quality",
			s.Frame, s.Cost(), r.mu.bytes)
	}
	r.squeeze(r.mu.bytes - s.Cost())
	r.mu.live.push(s)
	r.mu.counts.Pushed++
	r.mu.newest = s.Capture
	if r.mu.first < 0 {
		r.mu.first = s.Capture
	}
	r.trim()
	return nil
}

// Resize changes the bounds, keeping the newest samples that fit.
func (r *Ring) Resize(bytes, hold int64, span time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.bytes, r.mu.hold, r.mu.span = bytes, hold, span
	for r.mu.held.n > 0 && r.mu.held.bytes > hold {
		r.lose(r.mu.held.pop().Capture)
	}
	r.squeeze(bytes)
	r.trim()
}

// squeeze makes the ring cost at most so many bytes.
func (r *Ring) squeeze(bytes int64) {
	for r.mu.live.bytes > bytes {
		r.mu.counts.EvictedBytes++
		r.evict()
	}
}

// trim keeps the span.
func (r *Ring) trim() {
	for r.mu.span > 0 && r.mu.live.n > 1 && r.mu.newest.Sub(r.mu.live.at(0).Capture) > r.mu.span {
		r.mu.counts.EvictedSpan++
		r.evict()
	}
}

// evict takes the oldest sample out of the ring; where a pin needs it, it is held.
func (r *Ring) evict() {
	s := r.mu.live.pop()
	if !r.needed(s.Capture) {
		r.mu.gone = s.Capture
		return
	}
	r.keep(s)
}

func (r *Ring) needed(t tick.Time) bool {
	for _, p := range r.mu.pins {
		if p.span.covers(t) {
			return true
		}
	}
	return false
}

// core reports whether a pin needs every sample at t.
func (r *Ring) core(t tick.Time) bool {
	for _, p := range r.mu.pins {
		if p.span.covers(t) && p.core.covers(t) {
			return true
		}
	}
	return false
}

// lose notes that a sample which was needed is gone.
func (r *Ring) lose(t tick.Time) {
	r.mu.gone = max(r.mu.gone, t)
	r.mu.counts.Lost++
	for _, p := range r.mu.pins {
		if p.span.covers(t) {
			p.lose(t)
		}
	}
}

// Slice returns the samples captured in [from, to], oldest first, sharing their bytes.
func (r *Ring) Slice(from, to tick.Time) []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.slice(span{from, to})
}

func (r *Ring) slice(s span) []Sample { return r.mu.live.appendSpan(r.mu.held.appendSpan(nil, s), s) }

// Nearest returns the sample captured nearest to t, the older one of two that are equally near, or false when there is
// none.
func (r *Ring) Nearest(t tick.Time) (Sample, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best Sample
	found := false
	for _, d := range []*deque{&r.mu.held, &r.mu.live} {
		i := d.search(t)
		for j := max(i-1, 0); j < min(i+1, d.n); j++ {
			if s := d.at(j); !found || distance(s.Capture, t) < distance(best.Capture, t) {
				best, found = *s, true
			}
		}
	}
	return best, found
}

func distance(a, b tick.Time) time.Duration { return max(a, b).Sub(min(a, b)) }

// Newest returns the capture time of the newest sample ever pushed, -1 before the first.
func (r *Ring) Newest() tick.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.newest
}

// Stats returns what the ring holds and has counted.
func (r *Ring) Stats() RingStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.mu.counts
	s.Samples, s.Bytes, s.Bound, s.SpanBound = r.mu.live.n, r.mu.live.bytes, r.mu.bytes, r.mu.span
	s.Held, s.HeldBytes, s.HeldBound = r.mu.held.n, r.mu.held.bytes, r.mu.hold
	if s.Samples > 0 {
		s.Span = r.mu.newest.Sub(r.mu.live.at(0).Capture)
	}
	return s
}
