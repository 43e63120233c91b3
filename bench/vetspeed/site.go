package main

import (
	"fmt"
	"strings"
)

// files returns the pipeline of a site with n cameras, each with an event of its own beside those of all: what a person would
// write, with a template, for a large site; and empties the tests that rvo init gives, which are of another pipeline.
func files(n int) map[string][]byte {
	var b strings.Builder
	b.WriteString(`package pipeline

import "rvo.dev/schema"

schema.#Pipeline & {
	apiVersion: "rvo/v1"
	detectors: {
		motion: {motion: {}, fps: 5}
		light: {dummy: {}, fps: 1}
	}
	evidence: clip: {pre: "2s", post: "3s"}
	sinks: log: jsonl: path: "events.jsonl"
	engine: ringMemory: "64GiB"
`)
	for i := range n {
		fmt.Fprintf(&b, "\tcameras: cam_%d: {synthetic: {noise: 4}, fps: 10, width: 640, height: 480, ring: \"10s\"}\n", i)
		fmt.Fprintf(&b, "\tevents: ev_%d: {when: all: [{signal: \"motion.level\", gte: 0.1, for: \"1s\"}, "+
			"{not: any: [{signal: \"motion.boxes\", gte: 9}, {absent: \"motion.boxes\"}]}], hold: \"2s\", cooldown: \"9s\", cameras: [\"cam_%d\"], evidence: \"clip\"}\n", i, i)
	}
	b.WriteString("}\n")
	return map[string][]byte{"pipeline.cue": []byte(b.String()), "pipeline_test.cue": []byte("package pipeline\n")}
}
