package sched

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMoveLaw holds moving by stretches against moving one by one, and looks whether a list is kept exactly when it is the same.
func TestMoveLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.IntRange(0, 12).Draw(t, "before")
		pool := []int{Gone, Gone, Gone}
		for i := range before {
			pool = append(pool, i)
		}
		from := rapid.OneOf(rapid.Just(pool[3:]), rapid.Custom(func(t *rapid.T) []int {
			some := rapid.Permutation(pool).Draw(t, "order")
			return some[:rapid.IntRange(0, len(some)).Draw(t, "n")]
		}), rapid.Custom(func(t *rapid.T) []int {
			at := rapid.IntRange(0, before).Draw(t, "at")
			return slices.Insert(slices.Clone(pool[3:]), at, Gone)
		})).Draw(t, "from")
		old, now := make([]int, before), make([]int, len(from))
		for i := range old {
			old[i] = 100 + i
		}
		want := slices.Clone(now)
		for to, was := range from {
			if was != Gone {
				want[to] = old[was]
			}
		}
		got := move(now, old, stretches(from))
		if !slices.Equal(got, want) {
			t.Fatalf("from %v: %v, one by one %v", from, got, want)
		}
		kept := before > 0 && len(got) > 0 && &got[0] == &old[0]
		if same := before > 0 && slices.Equal(from, pool[3:]); kept != same {
			t.Fatalf("from %v of %d: the list is kept: %t", from, before, kept)
		}
	})
}
