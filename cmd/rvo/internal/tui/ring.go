package tui

// ring keeps the last items of a stream, the oldest first.
type ring[T any] struct {
	items []T
	bound int
	total int // that were ever added
}

func newRing[T any](bound int) ring[T] { return ring[T]{bound: bound} }

// add appends an item and drops the oldest past the bound. The slice is rebuilt once in a while, not at each item.
func (r *ring[T]) add(v T) {
	r.total++
	if len(r.items) >= 2*r.bound {
		r.items = append(make([]T, 0, 2*r.bound), r.items[len(r.items)-r.bound+1:]...)
	}
	r.items = append(r.items, v)
}

// all returns what is kept, the oldest first. It is valid until the next add.
func (r *ring[T]) all() []T { return r.items[max(0, len(r.items)-r.bound):] }

// clone returns a ring that later adds to r do not change.
func (r *ring[T]) clone() ring[T] {
	return ring[T]{items: append([]T(nil), r.all()...), bound: r.bound, total: r.total}
}
