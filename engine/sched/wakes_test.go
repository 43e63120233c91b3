package sched

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

// TestWakesAsIfAllWereLookedAt: the first instant and what is due until one are those of a list that is read as a whole, and
// the bound is never too late.
func TestWakesAsIfAllWereLookedAt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 3*blockSize).Draw(rt, "watches")
		w, all := newWakes(n), slices.Repeat([]tick.Time{tick.Never}, n)
		moment := rapid.Custom(func(rt *rapid.T) tick.Time {
			if rapid.IntRange(0, 9).Draw(rt, "kind") == 0 {
				return tick.Never
			}
			return tick.Time(rapid.IntRange(0, 100).Draw(rt, "at"))
		})
		for range rapid.IntRange(0, 300).Draw(rt, "steps") {
			first := tick.Never
			for _, at := range all {
				first = min(first, at)
			}
			if w.bound > first {
				rt.Fatalf("the bound is %v, the first is due %v", w.bound, first)
			}
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				if got := w.first(); got != first || w.bound != first {
					rt.Fatalf("the first is due %v (bound %v), must be %v", got, w.bound, first)
				}
			case 1:
				until := tick.Time(rapid.IntRange(0, 100).Draw(rt, "until"))
				var want []int32
				for i, at := range all {
					if at <= until {
						want, all[i] = append(want, int32(i)), tick.Never
					}
				}
				if got := w.take(until, nil); !slices.Equal(got, want) {
					rt.Fatalf("until %v took %v, must be %v", until, got, want)
				}
			default:
				if n > 0 {
					i := rapid.IntRange(0, n-1).Draw(rt, "watch")
					all[i] = moment.Draw(rt, "moment")
					w.set(int32(i), all[i])
				}
			}
		}
	})
}
