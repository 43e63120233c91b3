package sched

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

// TestHeap: what is popped comes by key and then by lane, as a sorted list would give it.
func TestHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h heap
		var list []entry
		for i := range rapid.IntRange(0, 200).Draw(t, "n") {
			if len(list) > 0 && rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				slices.SortFunc(list, func(a, b entry) int {
					if a.key != b.key {
						return int(a.key - b.key)
					}
					return int(a.id - b.id)
				})
				if got := h.pop(); got != list[0] {
					t.Fatalf("popped %v, want %v", got, list[0])
				}
				list = list[1:]
				continue
			}
			e := entry{tick.Time(rapid.IntRange(0, 20).Draw(t, "key")), int32(i)}
			h.push(e)
			list = append(list, e)
		}
		if len(h) != len(list) {
			t.Fatalf("%d entries, want %d", len(h), len(list))
		}
	})
}
