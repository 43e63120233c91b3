package sched

import "rvo.dev/engine/tick"

// due keeps the next instant of each of n things and knows the earliest. A key may be too early, never too late: what
// moves its instant back leaves the key alone, and whoever meets it at the top puts it right. Most instants are moved
// back many times before they come, so most of what a due is told costs it nothing.
type due struct {
	heap  []entry // 4-ary, the earliest first
	place []int32 // of each thing in the heap
}

func newDue(n int) due {
	d := due{heap: make([]entry, n), place: make([]int32, n)}
	d.reset()
	return d
}

// first returns the earliest key and whose it is; tick.Never when nothing is due.
func (d *due) first() (int32, tick.Time) {
	if len(d.heap) == 0 {
		return -1, tick.Never
	}
	return d.heap[0].id, d.heap[0].key
}

// by makes a thing due at that instant or before.
func (d *due) by(id int32, at tick.Time) {
	if at < d.heap[d.place[id]].key {
		d.advance(id, at)
	}
}

func (d *due) advance(id int32, at tick.Time) {
	i, e := d.place[id], entry{at, id}
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(d.heap[up]) {
			break
		}
		d.put(i, d.heap[up])
		i = up
	}
	d.put(i, e)
}

// correct gives the thing at the top the instant it is really due, which is not before its key.
func (d *due) correct(at tick.Time) {
	e, n := entry{at, d.heap[0].id}, int32(len(d.heap))
	i := int32(0)
	for {
		low := 4*i + 1
		if low >= n {
			break
		}
		for k := low + 1; k < min(low+4, n); k++ {
			if d.heap[k].before(d.heap[low]) {
				low = k
			}
		}
		if !d.heap[low].before(e) {
			break
		}
		d.put(i, d.heap[low])
		i = low
	}
	d.put(i, e)
}

func (d *due) put(i int32, e entry) { d.heap[i], d.place[e.id] = e, i }

// reset makes nothing due.
func (d *due) reset() {
	for i := range d.heap {
		d.heap[i], d.place[i] = entry{tick.Never, int32(i)}, int32(i)
	}
}
