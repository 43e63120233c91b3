package engine

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestSwapRun edits the pipeline of TestSwapLaw on the real clock, every 20 ms: pictures and results add up all the while, and at
// the end there are as many goroutines, descriptors and bytes as at the start. RVO_SWAPS says how many edits.
func TestSwapRun(t *testing.T) {
	if r, w, err := os.Pipe(); err == nil { // the runtime opens what it polls with at the first use
		_, _ = r.Close(), w.Close()
	}
	edits, seed := 25, rand.Uint64()
	if n, err := strconv.Atoi(os.Getenv("RVO_SWAPS")); err == nil {
		edits = n
	}
	files := descriptors(t)
	l := newLaw(t, seed)
	l.real = true
	e := l.k.engine()
	l.e = e
	stop := l.k.start(e)
	within(t, "the first pictures", func() bool { st := e.Status(); return st.Started && st.Cameras[0].Frames > 10 })
	l.swap(l.k.graph(), "the same again") // what every swap leaves once is there
	// Goroutines that are idle after a short run are kept for the next, up to a bound of their own.
	goroutines := func() int { return footprint().goroutines - int(e.pool.idle.Load()) }
	begin, busy := footprint(), goroutines()
	first := clone(l.k.spec)
	touched := map[string]bool{}
	for n := range edits {
		what := l.edit(touched)
		l.swap(l.k.graph(), what)
		l.look(what)
		if t.Failed() {
			t.Fatalf("after %d edits", n+1)
		}
		time.Sleep(20 * time.Millisecond)
	}
	l.k.spec = first
	l.swap(l.k.graph(), "the way back")
	within(t, "nothing of what is gone is left", func() bool { return e.Status().Probation == nil && goroutines() <= busy+2 })
	end := footprint()
	lost := uint64(0)
	for _, c := range e.Status().Cameras {
		lost += c.Dropped
	}
	t.Logf("seed %d, %d edits: pause p50 %v, p99 %v; %d goroutines and %d KiB more; %d pictures lost to the machine", seed, edits,
		bucketAt(e.metrics.pause, 0.5), bucketAt(e.metrics.pause, 0.99), goroutines()-busy, (end.heap-begin.heap)>>10, lost)
	if end.heap > begin.heap+8<<20 {
		t.Errorf("the heap grew by %d KiB", (end.heap-begin.heap)>>10)
	}
	stop()
	if n := descriptors(t); n != files {
		t.Errorf("%d descriptors more than at the start", n-files)
	}
}

// bucketAt returns the upper bound of the classic bucket that a share of the durations lie below.
func bucketAt(h *hist, q float64) time.Duration {
	bounds := h.scale.bounds
	classic, all := make([]uint64, len(bounds)+1), uint64(0)
	for _, c := range h.read() {
		classic[c.classic] += c.n
		all += c.n
	}
	if all == 0 {
		return 0
	}
	sofar := uint64(0)
	for i, n := range classic {
		if sofar += n; float64(sofar) >= q*float64(all) && i < len(bounds) {
			return bounds[i]
		}
	}
	return time.Hour
}
