// Package queue is the bounded hand-over between two goroutines: a bound, a policy for when it is full, a counter.
//
//	q := queue.New[Record](64, queue.DropOldest)
//	lost, dropped := q.Push(r)
//	r, ok := q.Pop(ctx)
//
// A Push never blocks: what it drops comes back to the caller, who owns it, counts it and releases what it holds. It
// starts no goroutine.
package queue

import (
	"context"
	"fmt"
	"sync"
)

// Policy says what a full Queue does with one value too many.
type Policy uint8

const (
	// DropOldest makes room by giving the oldest value back: the queue keeps what is fresh.
	DropOldest Policy = iota
	// DropNewest gives the pushed value back: the queue keeps what came first.
	DropNewest
)

// String returns the policy's name as it stands in metrics and documents.
func (p Policy) String() string {
	switch p {
	case DropOldest:
		return "drop_oldest"
	case DropNewest:
		return "drop_newest"
	}
	panic(fmt.Sprintf("queue: no policy %d", p))
}

// Queue is a first-in first-out buffer of at most its bound. Any number of goroutines may push and pop.
type Queue[T any] struct {
	policy Policy
	ready  chan struct{} // holds a token while the buffer may be non-empty or was closed

	mu struct {
		sync.Mutex
		buf     []T
		head, n int
		closed  bool
		dropped uint64
	}
}

// New returns a queue for at most bound values. A bound below 1 is a programming error and panics.
func New[T any](bound int, policy Policy) *Queue[T] {
	if bound < 1 {
		panic(fmt.Sprintf("queue: bound %d, must be at least 1", bound))
	}
	q := &Queue[T]{policy: policy, ready: make(chan struct{}, 1)}
	q.mu.buf = make([]T, bound)
	return q
}

// Push adds v. When the queue is full or closed it returns the value that fell out (v itself under DropNewest or when
// closed) and true.
func (q *Queue[T]) Push(v T) (lost T, dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.closed {
		q.mu.dropped++
		return v, true
	}
	if q.mu.n == len(q.mu.buf) {
		q.mu.dropped++
		if q.policy == DropNewest {
			return v, true
		}
		lost, dropped = q.take(), true
	}
	q.mu.buf[(q.mu.head+q.mu.n)%len(q.mu.buf)] = v
	q.mu.n++
	q.signal()
	return lost, dropped
}

// Pop takes the oldest value, waiting for one. It returns false when ctx is done, or when the queue is closed and
// empty.
func (q *Queue[T]) Pop(ctx context.Context) (T, bool) {
	for {
		if v, ok, closed := q.tryPop(); ok || closed {
			return v, ok
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
			var zero T
			return zero, false
		}
	}
}

// TryPop takes the oldest value if there is one.
func (q *Queue[T]) TryPop() (T, bool) {
	v, ok, _ := q.tryPop()
	return v, ok
}

func (q *Queue[T]) tryPop() (v T, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.n == 0 {
		if q.mu.closed {
			q.signal() // every other waiter must see it too
		}
		return v, false, q.mu.closed
	}
	v = q.take()
	if q.mu.n > 0 {
		q.signal()
	}
	return v, true, false
}

// Close makes later pushes fail; what is queued can still be popped. It may be called more than once.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.closed = true
	q.signal()
}

// Resize changes the bound and returns what a smaller one has no room for, as the policy says, oldest first. It is counted as
// dropped, and the caller's. A bound below 1 panics.
func (q *Queue[T]) Resize(bound int) (lost []T) {
	if bound < 1 {
		panic(fmt.Sprintf("queue: bound %d, must be at least 1", bound))
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []T
	for q.mu.n > 0 {
		all = append(all, q.take())
	}
	if over := len(all) - bound; over > 0 {
		q.mu.dropped += uint64(over)
		if q.policy == DropOldest {
			lost, all = all[:over], all[over:]
		} else {
			lost, all = all[bound:], all[:bound]
		}
	}
	q.mu.buf, q.mu.head = make([]T, bound), 0
	q.mu.n = copy(q.mu.buf, all)
	return lost
}

// Len returns how many values wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.n
}

// Policy returns what happens when the queue is full.
func (q *Queue[T]) Policy() Policy { return q.policy }

// Cap returns the bound.
func (q *Queue[T]) Cap() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.mu.buf)
}

// Dropped returns how many values have been dropped since the queue was made.
func (q *Queue[T]) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.dropped
}

// take removes the oldest value; the lock is held and there is one.
func (q *Queue[T]) take() T {
	v := q.mu.buf[q.mu.head]
	var zero T
	q.mu.buf[q.mu.head] = zero
	q.mu.head = (q.mu.head + 1) % len(q.mu.buf)
	q.mu.n--
	return v
}

func (q *Queue[T]) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
