package engine

import (
	"math"
	"math/bits"
	"slices"
	"sort"
	"time"
)

// histSchema is the resolution of a histogram's native form: 2^3 buckets for each doubling, a factor of 1.09.
const histSchema = 3

// histZero is the key of the native bucket of durations that are not longer than nothing.
const histZero = math.MinInt16

// scale is where the buckets of histograms end, one for all that have the same classic buckets. Its steps are cut by the
// bounds of native and of classic buckets alike, so that one search finds both.
type scale struct {
	bounds []time.Duration // of the classic buckets
	steps  []step          // by length; the first is that of no length
	// first is the step of the shortest duration with so many bits, and these three after the uppermost: from there it is one or
	// two steps to any of them.
	first [64 * 8]uint16
}

// step is the durations that lie in one native and in one classic bucket.
type step struct {
	end     time.Duration // the longest
	native  int16         // key of the native bucket
	classic uint8         // index of the classic bucket, len(bounds) for what is above all
}

func newScale(bounds []time.Duration) *scale {
	s := &scale{bounds: bounds}
	ends := append([]time.Duration{0, math.MaxInt64}, bounds...)
	for key := nativeKey(1); key < nativeKey(math.MaxInt64); key++ {
		ends = append(ends, nativeEnd(key))
	}
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		classic, _ := slices.BinarySearch(bounds, end)
		s.steps = append(s.steps, step{end, nativeKey(end), uint8(classic)})
	}
	for slot := range s.first {
		width, top := slot/8, slot%8
		shortest := time.Duration(top)
		if width > 3 {
			shortest = time.Duration(8+top) << (width - 4)
		}
		s.first[slot] = uint16(sort.Search(len(s.steps)-1, func(i int) bool { return shortest <= s.steps[i].end }))
	}
	return s
}

// of returns the index of a duration's step.
func (s *scale) of(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	width := bits.Len64(uint64(d))
	i := int(s.first[(width*8+int(d>>max(width-4, 0))&7)%len(s.first)])
	for s.steps[i].end < d {
		i++
	}
	return i
}

// nativeKey is the index of a duration's native bucket: the i-th ends at 2^(i/8) seconds.
func nativeKey(d time.Duration) int16 {
	if d <= 0 {
		return histZero
	}
	frac, exp := math.Frexp(d.Seconds())
	for i, b := range [...]float64{0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711} {
		if frac <= b {
			return int16(i + (exp-1)<<histSchema)
		}
	}
	return int16(exp << histSchema)
}

// nativeEnd is the longest duration in the native buckets up to that one. nativeKey rounds, by less than the window that is
// searched.
func nativeEnd(key int16) time.Duration {
	const window = 1 << 12
	from := max(0, int64(math.Exp2(float64(key)/(1<<histSchema))*float64(time.Second))-window)
	return time.Duration(from) + time.Duration(sort.Search(2*window, func(i int) bool { return nativeKey(time.Duration(from)+time.Duration(i)+1) > key }))
}
