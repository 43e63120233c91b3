package isolate

import (
	"math/rand/v2"
	"time"
)

// A process that ended is started again after a wait that doubles from first to most, with up to a quarter of jitter, so that detectors that one thing killed do not all load their models at one instant. The engine
// pauses a detector that keeps failing by itself; the wait here bounds how often it costs a process.
const (
	waitFirst = 100 * time.Millisecond
	waitMost  = 30 * time.Second
	// firstAtMost is the first wait with all its jitter.
	firstAtMost = waitFirst * 5 / 4
	// steadyAfter is how long a process must have lived, with its model open, for the wait to begin anew.
	steadyAfter = time.Minute
)

// backoff is how long to wait before the next start.
type backoff struct {
	random *rand.Rand
	ends   int // of processes that did not live long, in a row
}

func newBackoff(seed uint64) backoff {
	return backoff{random: rand.New(rand.NewPCG(seed, 0x150))}
}

// ended returns the wait after a process that lived that long.
func (b *backoff) ended(lived time.Duration) time.Duration {
	if lived >= steadyAfter {
		b.ends = 0
	}
	wait := waitMost
	if shift := b.ends; shift < 10 {
		wait = min(waitFirst<<shift, waitMost)
	}
	b.ends++
	return wait + time.Duration(b.random.Int64N(int64(wait/4)+1))
}
