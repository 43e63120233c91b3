package compile_test

import (
	"testing"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet/vettest"
)

// A name that one other alone can have been is mended; where two can, or none, nothing is.
func TestFixes(t *testing.T) {
	const head = "apiVersion: \"rvo/v1\"\ncameras: {gate: file: path: \"x\", gats: file: path: \"y\", yard: file: path: \"z\"}\n" +
		"detectors: motion: {motion: {}, fps: 5}\n"
	kinds := vettest.Kinds(t)
	text, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]dsl.Fix{
		`when: {signal: "motion.levle", gte: 0.1}`:        {Old: `"motion.levle"`, New: `"motion.level"`},
		`when: {signal: "moton.level", gte: 0.1}`:         {Old: `"moton.level"`, New: `"motion.level"`},
		`when: signal: "camera.ip"`:                       {Old: `"camera.ip"`, New: `"camera.up"`},
		`when: signal: "motion.xyz"`:                      {},
		`when: signal: "motion.still", cameras: ["yrad"]`: {Old: `"yrad"`, New: `"yard"`},
		`when: signal: "motion.still", cameras: ["gat"]`:  {},
		`when: signal: "motion." + "stil"`:                {},
	} {
		doc, findings, err := dsl.Load(t.Context(), []string{"p.cue"}, dsl.Options{
			Schema: text, Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(head + "events: a: {" + event + "}\n")},
		})
		if err != nil || dsl.HasErrors(findings) {
			t.Fatal(err, findings)
		}
		_, found := compile.Compile(doc, kinds)
		if len(found) != 1 {
			t.Fatalf("%s: %v", event, found)
		}
		got := dsl.Fix{}
		if f := found[0].Fix; f != nil {
			got = dsl.Fix{Old: f.Old, New: f.New}
		}
		if got != want {
			t.Errorf("%s: fix %+v, want %+v (%s)", event, got, want, found[0].Message)
		}
	}
}
