package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// short prints a duration with three digits: 1.23ms.
func short(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= u.unit {
			v := float64(d) / float64(u.unit)
			return fmt.Sprintf("%.*f%s", digits(v), v, u.name)
		}
	}
	return fmt.Sprintf("%dns", d)
}

// digits is how many decimals leave three digits of v.
func digits(v float64) int {
	switch {
	case v >= 100:
		return 0
	case v >= 10:
		return 1
	}
	return 2
}

// number prints a number with three digits, or all before the point.
func number(v float64) string {
	if math.IsNaN(v) {
		return "?"
	}
	return fmt.Sprintf("%.*f", digits(math.Abs(v)), v)
}

// median of numbers; the mean of the middle two of an even count, 0 of none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	m := len(v) / 2
	if len(v)%2 == 1 {
		return v[m]
	}
	return (v[m-1] + v[m]) / 2
}
