package logs

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// every is how often one fault is written. Slower hides that it goes on, faster floods a terminal at camera rate.
const every = time.Second

// maxFaults bounds the memory of the limiter. A pipeline has fewer distinct faults than nodes times messages; past it the
// oldest is forgotten and may be written again early.
const maxFaults = 512

// fault is what makes two records repeats of one another.
type fault struct {
	level   slog.Level
	message string
	node    string
}

type repeat struct {
	written time.Time // when it was last written
	last    time.Time // when it was last seen
	left    uint64    // how many were not written since
}

type pending struct {
	fault fault
	last  time.Time
	left  uint64
}

// limiter lets one record of a fault through each second.
type limiter struct {
	mu struct {
		sync.Mutex
		seen map[fault]*repeat
	}
}

func newLimiter() *limiter {
	l := &limiter{}
	l.mu.seen = map[fault]*repeat{}
	return l
}

// admit reports whether to write a record of this time, and how many before it were left out.
func (l *limiter) admit(f fault, now time.Time) (write bool, left uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.mu.seen[f]
	if r == nil {
		if len(l.mu.seen) >= maxFaults {
			l.forget()
		}
		l.mu.seen[f] = &repeat{written: now, last: now}
		return true, 0
	}
	r.last = now
	// A clock set back must not silence a fault until it has caught up.
	if d := now.Sub(r.written); d >= 0 && d < every {
		r.left++
		return false, 0
	}
	left, r.left, r.written = r.left, 0, now
	return true, left
}

// forget drops the fault not seen for longest. It is called with the lock held.
func (l *limiter) forget() {
	var oldest fault
	var at time.Time
	for f, r := range l.mu.seen {
		if at.IsZero() || r.last.Before(at) {
			oldest, at = f, r.last
		}
	}
	delete(l.mu.seen, oldest)
}

// drain returns what was counted and not told, oldest first, and forgets it.
func (l *limiter) drain() []pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []pending
	for f, r := range l.mu.seen {
		if r.left > 0 {
			out = append(out, pending{f, r.last, r.left})
			r.left = 0
		}
	}
	slices.SortFunc(out, func(a, b pending) int { return a.last.Compare(b.last) })
	return out
}
