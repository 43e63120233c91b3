package engine

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestHistIsPrometheus: what a scrape gets of a histogram is what the client library's own would give of the same
// durations, in both of its forms, also at the bounds of buckets.
func TestHistIsPrometheus(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		want := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "h", Help: "H.", Buckets: seconds(latencyBounds()), NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 1000,
		})
		got := newHist(newScale(latencyBounds()))
		for range 1 + r.IntN(400) {
			d := time.Duration(r.Int64N(1 << (1 + r.IntN(36))))
			if r.IntN(4) == 0 {
				d = latencyBounds()[r.IntN(len(latencyBounds()))]
			}
			if r.IntN(8) == 0 {
				d = time.Duration(1<<r.IntN(3)) * time.Second
			}
			got.observe(d)
			want.Observe(d.Seconds())
		}
		var a, b dto.Metric
		if err := (&histMetric{h: got, desc: want.Desc()}).Write(&a); err != nil {
			t.Fatal(err)
		}
		if err := want.Write(&b); err != nil {
			t.Fatal(err)
		}
		b.Histogram.CreatedTimestamp = nil
		if diff := *a.Histogram.SampleSum - *b.Histogram.SampleSum; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("seed %d: sum %v, want %v", seed, *a.Histogram.SampleSum, *b.Histogram.SampleSum)
		}
		x, y := a.Histogram, b.Histogram
		if x.GetSchema() != y.GetSchema() || x.GetZeroThreshold() != y.GetZeroThreshold() || x.GetZeroCount() != y.GetZeroCount() || x.GetSampleCount() != y.GetSampleCount() {
			t.Fatalf("seed %d:\n%v\nwant\n%v", seed, x, y)
		}
		if got, want := fine(x), fine(y); !maps.Equal(got, want) {
			t.Fatalf("seed %d: native %v, want %v", seed, got, want)
		}
		for i, w := range y.Bucket {
			if g := x.Bucket[i]; g.GetUpperBound() != w.GetUpperBound() || g.GetCumulativeCount() != w.GetCumulativeCount() {
				t.Fatalf("seed %d: bucket %v, want %v", seed, g, w)
			}
		}
	}
}

// fine spells the native buckets out, by key; the library also sends some that are empty.
func fine(h *dto.Histogram) map[int32]int64 {
	out := map[int32]int64{}
	key, i, n := int32(0), 0, int64(0)
	for _, s := range h.PositiveSpan {
		key += s.GetOffset()
		for range s.GetLength() {
			n += h.PositiveDelta[i]
			if n != 0 {
				out[key] = n
			}
			i++
			key++
		}
	}
	return out
}

// TestScale: every duration is in the step that its native and its classic bucket have in common, also at the ends of steps.
func TestScale(t *testing.T) {
	for _, bounds := range [][]time.Duration{latencyBounds(), tickBounds()} {
		s := newScale(bounds)
		check := func(d time.Duration) {
			got := s.steps[s.of(d)]
			classic, _ := slices.BinarySearch(bounds, d)
			if got.native != nativeKey(d) || int(got.classic) != classic || d > got.end {
				t.Fatalf("%d ns is in step %+v, want native %d and classic %d", d, got, nativeKey(d), classic)
			}
		}
		for _, x := range s.steps {
			check(x.end)
			check(x.end - 1)
			if x.end < math.MaxInt64 {
				check(x.end + 1)
			}
		}
		for d := range time.Duration(5000) {
			check(d - 10)
		}
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		for range 20000 {
			check(time.Duration(r.Uint64() >> (1 + r.IntN(63))))
		}
		if n := len(s.steps); n >= 1<<(64-stepShift) {
			t.Errorf("%d steps: a cell has room for less", n)
		}
	}
}

// TestHistBudget: no allocation for a duration whose magnitude was seen before. Each tick and each run observes one or
// two; an allocation here is one on the live path.
func TestHistBudget(t *testing.T) {
	h := newHist(newScale(tickBounds()))
	h.observe(time.Microsecond)
	if a := testing.AllocsPerRun(1000, func() { h.observe(time.Microsecond) }); a != 0 {
		t.Errorf("%v allocations an observation, must be 0", a)
	}
}

// BenchmarkHist shows what an observation costs, and what the client library's own histogram takes for it.
func BenchmarkHist(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		h := newHist(newScale(latencyBounds()))
		b.ReportAllocs()
		for b.Loop() {
			h.observe(4300 * time.Microsecond)
		}
	})
	b.Run("library", func(b *testing.B) {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "h", Help: "H.", Buckets: seconds(latencyBounds()), NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		})
		b.ReportAllocs()
		for b.Loop() {
			h.Observe((4300 * time.Microsecond).Seconds())
		}
	})
}

func seconds(d []time.Duration) []float64 {
	var out []float64
	for _, b := range d {
		out = append(out, b.Seconds())
	}
	return out
}
