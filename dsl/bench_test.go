package dsl_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rvo.dev/dsl"
)

// site returns a pipeline of n cameras and n events with a nested condition, and two detectors.
func site(n int) []byte {
	var b strings.Builder
	b.WriteString("import \"rvo.dev/schema\"\nschema.#Pipeline\napiVersion: \"rvo/v1\"\n" +
		"detectors: {motion: {motion: {}, fps: 5}, people: {hog: {}, fps: 2}}\n")
	for i := range n {
		fmt.Fprintf(&b, "cameras: cam_%d: {file: path: \"%d.mp4\", fps: 10, ring: \"20s\"}\n", i, i)
		fmt.Fprintf(&b, "events: ev_%d: {when: all: [{signal: \"motion.level\", gte: 0.1, for: \"1s\"}, "+
			"{not: any: [{signal: \"people.count\", lt: 1}, {absent: \"people.count\"}]}], hold: \"1s\", cooldown: \"5s\", cameras: [\"cam_%d\"]}\n", i, i)
	}
	return []byte(b.String())
}

// BenchmarkLoad reads pipelines of 1 to 1000 cameras. What cue vet takes for the same is measured by bench/vetspeed.
func BenchmarkLoad(b *testing.B) {
	text := testSchema(b)
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("%d_cameras", n), func(b *testing.B) {
			opts := dsl.Options{Schema: text, Dir: b.TempDir(), Files: map[string][]byte{"p.cue": site(n)}}
			b.ReportAllocs()
			for b.Loop() {
				doc, fs, err := dsl.Load(context.Background(), []string{"p.cue"}, opts)
				if err != nil || doc == nil || len(fs) > 0 {
					b.Fatal(err, fs)
				}
			}
		})
	}
}
