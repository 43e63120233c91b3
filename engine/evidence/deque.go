package evidence

import (
	"sort"

	"rvo.dev/engine/tick"
)

// deque is a growable circular buffer of samples, oldest first, in order of capture. It allocates only to grow.
type deque struct {
	buf     []Sample
	head, n int
	bytes   int64 // cost of all samples
}

func (d *deque) at(i int) *Sample { return &d.buf[(d.head+i)%len(d.buf)] }

func (d *deque) push(s Sample) {
	if d.n == len(d.buf) {
		buf := make([]Sample, max(16, 2*d.n))
		for i := range d.n {
			buf[i] = *d.at(i)
		}
		d.buf, d.head = buf, 0
	}
	d.n++
	*d.at(d.n - 1) = s
	d.bytes += s.Cost()
}

func (d *deque) pop() Sample {
	p := d.at(0)
	s := *p
	*p = Sample{} // the bytes are free from here
	d.head = (d.head + 1) % len(d.buf)
	d.n--
	d.bytes -= s.Cost()
	return s
}

// search returns the index of the first sample captured at or after t.
func (d *deque) search(t tick.Time) int {
	return sort.Search(d.n, func(i int) bool { return d.at(i).Capture >= t })
}

// appendSpan adds the samples captured in the span to out.
func (d *deque) appendSpan(out []Sample, s span) []Sample {
	for i := d.search(s.from); i < d.n && d.at(i).Capture <= s.to; i++ {
		out = append(out, *d.at(i))
	}
	return out
}

// filter drops every sample that keep refuses; it is asked about each once, oldest first.
func (d *deque) filter(keep func(*Sample) bool) {
	for range d.n {
		s := d.pop()
		if keep(&s) {
			d.push(s)
		}
	}
}
