package engine

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// histSchema is the resolution of a histogram's native form: 2^3 buckets for each doubling, a factor of 1.09.
const histSchema = 3

// hist is a histogram of durations: it keeps its resolution over all magnitudes, and has classic buckets for those who
// scrape the text form. It is what prometheus.Histogram is with a native factor of 1.1, in a third of the time (36 ns, 101 ns)
// and of the memory: a camera with four detectors and four events has nine of them. Any goroutine may observe and read.
type hist struct {
	bounds  []time.Duration // of the classic buckets, shared
	classic []atomic.Uint64 // one more than bounds
	octaves atomic.Pointer[[]*octave]
	zero    atomic.Uint64 // of no length
	sum     atomic.Int64
}

// octave counts what lies between a power of two seconds and the next.
type octave struct {
	exp int
	n   [1 << histSchema]atomic.Uint64
}

func newHist(bounds []time.Duration) *hist {
	h := &hist{bounds: bounds, classic: make([]atomic.Uint64, len(bounds)+1)}
	h.octaves.Store(&[]*octave{})
	return h
}

// observe counts a duration. Only the first of its magnitude allocates.
func (h *hist) observe(d time.Duration) {
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	h.classic[i].Add(1)
	h.sum.Add(int64(d))
	if d <= 0 {
		h.zero.Add(1)
		return
	}
	frac, exp := math.Frexp(d.Seconds())
	key := exp << histSchema // of a frac above the last bound
	for i, b := range [...]float64{0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711} {
		if frac <= b {
			key = i + (exp-1)<<histSchema
			break
		}
	}
	h.octave(key >> histSchema).n[key&(1<<histSchema-1)].Add(1)
}

func (h *hist) octave(exp int) *octave {
	for {
		list := h.octaves.Load()
		for _, o := range *list {
			if o.exp == exp {
				return o
			}
		}
		more := append(slices.Clone(*list), &octave{exp: exp})
		slices.SortFunc(more, func(a, b *octave) int { return a.exp - b.exp })
		h.octaves.CompareAndSwap(list, &more)
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
	d := &dto.Histogram{
		Schema: new(int32(histSchema)), ZeroThreshold: new(float64(prometheus.DefNativeHistogramZeroThreshold)),
		ZeroCount: new(h.zero.Load()),
	}
	count, last, next := d.GetZeroCount(), int64(0), 0
	for _, o := range *h.octaves.Load() {
		for i := range o.n {
			n := o.n[i].Load()
			if n == 0 {
				continue
			}
			key := o.exp<<histSchema + i
			if k := len(d.PositiveSpan); k > 0 && key == next {
				*d.PositiveSpan[k-1].Length++
			} else {
				d.PositiveSpan = append(d.PositiveSpan, &dto.BucketSpan{Offset: new(int32(key - next)), Length: new(uint32(1))})
			}
			d.PositiveDelta = append(d.PositiveDelta, int64(n)-last)
			count, last, next = count+n, int64(n), key+1
		}
	}
	// What was observed since is in the classic buckets and not in count.
	sofar := uint64(0)
	for i, b := range h.bounds {
		sofar = min(sofar+h.classic[i].Load(), count)
		d.Bucket = append(d.Bucket, &dto.Bucket{CumulativeCount: new(sofar), UpperBound: new(b.Seconds())})
	}
	d.SampleCount, d.SampleSum = new(count), new(time.Duration(h.sum.Load()).Seconds())
	out.Histogram, out.Label = d, m.labels
	return nil
}
