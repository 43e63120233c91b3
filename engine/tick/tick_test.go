package tick

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAddSaturates(t *testing.T) {
	for _, tt := range []struct {
		t    Time
		d    time.Duration
		want Time
	}{
		{0, 0, 0},
		{5, 7, 12},
		{5, -7, -2},
		{Never, 0, Never},
		{Never, time.Nanosecond, Never},
		{Never, math.MaxInt64, Never},
		{Never - 1, 1, Never},
		{Never - 1, 2, Never},
		{1, math.MaxInt64, Never},
		{Never, -1, Never - 1},
	} {
		if got := tt.t.Add(tt.d); got != tt.want {
			t.Errorf("%d + %d = %d, want %d", tt.t, tt.d, got, tt.want)
		}
	}
}

// TestAddKeepsOrder: for durations that a pipeline can have, adding never brings a later time before an earlier one.
func TestAddKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Time(rapid.Int64Min(0).Draw(t, "a"))
		d := time.Duration(rapid.Int64Min(0).Draw(t, "d"))
		s := a.Add(d)
		if s < a || Time(d) > s {
			t.Fatalf("%d + %d = %d", a, d, s)
		}
		if s != Never && s.Sub(a) != d {
			t.Fatalf("%d + %d - %d = %d", a, d, a, s.Sub(a))
		}
	})
}

func TestString(t *testing.T) {
	for want, v := range map[string]Time{"never": Never, "0s": 0, "1.5s": Time(1500 * time.Millisecond)} {
		if got := v.String(); got != want {
			t.Errorf("%d prints as %q, want %q", int64(v), got, want)
		}
	}
}
