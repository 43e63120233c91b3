package engine

import (
	"fmt"
	"testing"
)

// BenchmarkLook is for how long a look at a thousand cameras, with two detectors and an event each, keeps the core from its
// inputs, in all and at once, and how long all of it takes.
func BenchmarkLook(b *testing.B) {
	k := newKit(b)
	for i := range 1000 {
		k.camera(fmt.Sprintf("c%04d", i), 10, &fakeCamera{live: true})
	}
	k.detector("a", 5, says(0, 1))
	k.detector("b", 5, says(0, 1))
	k.event("e", "a.count", 0)
	e := k.engine()
	b.Run("core", func(b *testing.B) {
		parts := 0
		b.ReportAllocs()
		for b.Loop() {
			s := newSnapshot(e.w.Load())
			parts = 1
			for e.copyPart(&s, parts-1) {
				parts++
			}
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(parts), "ns/part")
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.View()
		}
	})
}
