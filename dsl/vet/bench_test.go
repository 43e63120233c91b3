package vet_test

import (
	"fmt"
	"strings"
	"testing"

	"rvo.dev/dsl/vet"
	"rvo.dev/dsl/vet/vettest"
)

// site returns a pipeline of n cameras, n events with a nested condition, and two detectors.
func site(n int) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: \"rvo/v1\"\ndetectors: {motion: {motion: {}, fps: 5}, people: {people: {}, fps: 2}}\n")
	for i := range n {
		fmt.Fprintf(&b, "cameras: cam_%d: {file: path: \"%d.mp4\", fps: 10}\n", i, i)
		fmt.Fprintf(&b, "events: ev_%d: {when: all: [{signal: \"motion.level\", gte: 0.1, for: \"1s\"}, "+
			"{not: any: [{signal: \"people.count\", lt: 1}, {absent: \"people.count\"}]}], hold: \"1s\", cooldown: \"5s\", cameras: [\"cam_%d\"]}\n", i, i)
	}
	return []byte(b.String())
}

func BenchmarkVet(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("%d_cameras", n), func(b *testing.B) {
			kinds := vettest.Kinds(b)
			opts := vet.Options{Kinds: kinds, Dir: b.TempDir(), Files: map[string][]byte{"p.cue": site(n)}}
			b.ReportAllocs()
			for b.Loop() {
				r, err := vet.Vet(b.Context(), []string{"p.cue"}, opts)
				if err != nil || r.Graph == nil {
					b.Fatal(err, r.Findings)
				}
			}
		})
	}
}
