package engine

import (
	"slices"
	"sync/atomic"
)

// results are the ends of runs that the core has not been told yet: a list through the jobs themselves, so that each has
// its place, nothing is allocated and nobody waits. Any goroutine adds, the holder of the turn takes all.
type results struct{ newest atomic.Pointer[job] }

// add puts a run's end into the list. The job is the taker's from here on.
func (r *results) add(j *job) {
	for {
		last := r.newest.Load()
		j.next = last
		if r.newest.CompareAndSwap(last, j) {
			return
		}
	}
}

// take appends every run that has ended, in the order in which they did.
func (r *results) take(out []*job) []*job {
	if r.newest.Load() == nil {
		return out
	}
	from := len(out)
	for j := r.newest.Swap(nil); j != nil; {
		next := j.next
		j.next = nil
		out, j = append(out, j), next
	}
	slices.Reverse(out[from:])
	return out
}
