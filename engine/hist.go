package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// hist is a histogram of durations: it keeps its resolution over all magnitudes, and has classic buckets for those who
// scrape the text form. It is what prometheus.Histogram is with a native factor of 1.1, in a tenth of the time and less than
// a tenth of the memory: a camera with four detectors and four events has nine of them. One goroutine at a time observes, as
// who holds the turn does; any may read meanwhile.
type hist struct {
	scale *scale
	sum   atomic.Int64
	cells [5]cell
	more  atomic.Pointer[cells]
}

// cells are the further ones, once there are durations of so many magnitudes. They have few, and fill one line of the cache.
type cells struct {
	cells [7]cell
	more  atomic.Pointer[cells]
}

// cell counts the durations of one step of the scale: the step's number above stepShift, below it how many. 0: not in use.
// Fifty thousand a second overflow it after ten thousand years.
type cell struct{ v atomic.Uint64 }

const stepShift = 54

func newHist(s *scale) *hist { return &hist{scale: s} }

// observe counts a duration. Only the first of its magnitude may allocate.
func (h *hist) observe(d time.Duration) {
	h.sum.Add(int64(d))
	step := uint64(h.scale.of(d))
	list, more := h.cells[:], &h.more
	for {
		for i := range list {
			switch v := list[i].v.Load(); {
			case v == 0:
				list[i].v.Store(step<<stepShift + 1)
				return
			case v>>stepShift == step:
				list[i].v.Store(v + 1) // nobody else observes
				return
			}
		}
		next := more.Load()
		if next == nil {
			next = &cells{}
			next.cells[0].v.Store(step<<stepShift + 1)
			more.Store(next)
			return
		}
		list, more = next.cells[:], &next.more
	}
}

// counted is how many durations of a step were observed.
type counted struct {
	step
	n uint64
}

// read returns what was observed, by length.
func (h *hist) read() []counted {
	var out []counted
	list, more := h.cells[:], &h.more
	for {
		for i := range list {
			v := list[i].v.Load()
			if v == 0 {
				break // and so are those after it
			}
			out = append(out, counted{h.scale.steps[v>>stepShift], v & (1<<stepShift - 1)})
		}
		next := more.Load()
		if next == nil {
			slices.SortFunc(out, func(a, b counted) int { return cmp.Compare(a.end, b.end) })
			return out
		}
		list, more = next.cells[:], &next.more
	}
}

// histMetric is a histogram with its labels, as a scrape gets it.
type histMetric struct {
	h      *hist
	desc   *prometheus.Desc
	labels []*dto.LabelPair
}

// Desc implements prometheus.Metric.
func (m *histMetric) Desc() *prometheus.Desc { return m.desc }

// Write implements prometheus.Metric.
func (m *histMetric) Write(out *dto.Metric) error {
	h := m.h
	d := &dto.Histogram{Schema: new(int32(histSchema)), ZeroThreshold: new(float64(prometheus.DefNativeHistogramZeroThreshold)), ZeroCount: new(uint64(0))}
	list := h.read()
	classic := make([]uint64, len(h.scale.bounds)+1)
	count, last, next := uint64(0), int64(0), int16(0)
	for i := 0; i < len(list); {
		key, n := list[i].native, uint64(0)
		for ; i < len(list) && list[i].native == key; i++ {
			n += list[i].n
			classic[list[i].classic] += list[i].n
		}
		count += n
		if key == histZero {
			*d.ZeroCount = n
			continue
		}
		if k := len(d.PositiveSpan); k > 0 && key == next {
			*d.PositiveSpan[k-1].Length++
		} else {
			d.PositiveSpan = append(d.PositiveSpan, &dto.BucketSpan{Offset: new(int32(key - next)), Length: new(uint32(1))})
		}
		d.PositiveDelta = append(d.PositiveDelta, int64(n)-last)
		last, next = int64(n), key+1
	}
	sofar := uint64(0)
	for i, b := range h.scale.bounds {
		sofar += classic[i]
		d.Bucket = append(d.Bucket, &dto.Bucket{CumulativeCount: new(sofar), UpperBound: new(b.Seconds())})
	}
	d.SampleCount, d.SampleSum = new(count), new(time.Duration(h.sum.Load()).Seconds())
	out.Histogram, out.Label = d, m.labels
	return nil
}
