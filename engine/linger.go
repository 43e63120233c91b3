package engine

import (
	"sync/atomic"
	"time"

	"rvo.dev/engine/tick"
)

// The bounds of lingering: a thread watches for its next run for at most a share of what it has just computed, so that
// watching never costs more than that share of a processor, and never for longer than makes a difference to a run that is so
// long. It does so only while its runs have come within that time more often than not.
const (
	lingerShare  = 5 // a slot is busy with pictures that come five times as fast as it runs for 95 % of the time (PERF 8)
	lingerMost   = 2 * time.Millisecond
	lingerEnough = 2 // of lingerSure: runs that came in time, less those that did not
	lingerSure   = 8
)

// linger is where a run is handed to a CPU slot's thread that watches for it. A thread that sleeps is woken by an interrupt
// of its processor, which in a virtual machine takes 30 to 60 us; one whose runs follow each other closely watches instead.
// At most one thread of a pool does: that is the one that is wanted next.
type linger struct {
	spot  atomic.Pointer[job] // nil: nobody watches; watch: somebody does; else the run that he is handed
	watch job                 // only its address is used
}

// offer hands a run to the thread that watches and reports whether one does.
func (l *linger) offer(j *job) bool {
	return l.spot.Load() == &l.watch && l.spot.CompareAndSwap(&l.watch, j)
}

// stay watches for a run until a moment, or until something else is to be done. It returns nil when none was offered, at once when
// another thread watches.
func (l *linger) stay(now func() tick.Time, until tick.Time, other func() bool) *job {
	if !l.spot.CompareAndSwap(nil, &l.watch) {
		return nil
	}
	for l.spot.Load() == &l.watch && !other() && now() < until {
	}
	if l.spot.CompareAndSwap(&l.watch, nil) {
		return nil
	}
	return l.spot.Swap(nil)
}

// habit is what one thread knows of how soon its runs follow each other.
type habit struct {
	until tick.Time // up to when it would watch after the last run
	score int
}

// rest says that a run has ended that computed so long.
func (h *habit) rest(now tick.Time, computed time.Duration) {
	h.until = now.Add(min(computed/lingerShare, lingerMost))
}

// share says that a run has ended whose thread had to share its processor: watching would take it from others.
func (h *habit) share() { h.until, h.score = 0, 0 }

// next says that the next run has come.
func (h *habit) next(now tick.Time) {
	switch {
	case now < h.until:
		h.score = min(h.score+1, lingerSure)
	default:
		h.score = max(h.score-1, 0)
	}
}

// pays reports whether it is worth to watch.
func (h *habit) pays() bool { return h.score >= lingerEnough }
