package dsl_test

import (
	"slices"
	"strings"
	"testing"

	"rvo.dev/dsl"
)

// What an overlay says of a node holds, and nothing else changes.
func TestOverlay(t *testing.T) {
	const base = `import "strings"

let size = 4

apiVersion: "rvo/v1"
cameras: gate: {file: path: "x", fps: size}
detectors: {
	motion: {motion: {}, fps: 5}
	light: {motion: {}, fps: 1}
}
events: busy: {
	when: {signal: "motion.level", gte: 0.5}
	labels: site: strings.ToUpper("x")
}
for i in [1, 2] {sinks: "log_\(i)": jsonl: path: "x"}
`
	for name, c := range map[string]struct {
		overlay string
		want    string // the one thing that is different from base, by rvo's own words
	}{
		"add":             {`detectors: dark: {motion: {}, fps: 2}`, "detectors.dark"},
		"replace":         {`detectors: light: {motion: {}, fps: 3}`, "detectors.light"},
		"replace camera":  {`cameras: gate: {file: path: "y", fps: 3}`, "cameras.gate"},
		"import not used": {`events: busy: null`, "events.busy"},
		"json":            {`{"detectors": {"dark": {"motion": {}, "fps": 2}}}`, "detectors.dark"},
		"take away":       {`detectors: light: null`, "detectors.light"},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(overlay string) *dsl.Document {
				doc, fs, err := dsl.Load(t.Context(), []string{"p.cue"}, dsl.Options{
					Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(base)}, Overlay: []byte(overlay), Schema: testSchema(t),
				})
				if err != nil || dsl.HasErrors(fs) {
					t.Fatalf("findings %v, error %v", fs, err)
				}
				return doc
			}
			was, now := load(""), load(c.overlay)
			collection, id, _ := strings.Cut(c.want, ".")
			for _, col := range dsl.Collections() {
				for _, n := range []string{"gate", "motion", "light", "dark", "busy", "log_1", "log_2"} {
					path := col + "." + n
					if path == c.want {
						continue
					}
					if was.Has(path) != now.Has(path) {
						t.Errorf("%s: %v before, %v after", path, was.Has(path), now.Has(path))
					}
				}
			}
			gone := strings.HasSuffix(c.overlay, "null")
			if now.Has(collection+"."+id) == gone {
				t.Errorf("%s is there: %v", c.want, !gone)
			}
			if p := now.Place(c.want); !gone && p.File != dsl.OverlayFile {
				if !strings.HasSuffix(p.File, "/"+dsl.OverlayFile) {
					t.Errorf("%s is at %v", c.want, p)
				}
			}
		})
	}
}

func TestOverlayRefused(t *testing.T) {
	const base = "apiVersion: \"rvo/v1\"\nfor i in [1, 2] {sinks: \"log_\\(i)\": jsonl: path: \"x\"}\n"
	for overlay, want := range map[string]string{
		`sinks: log_1: null`:  "cannot be taken away",
		`engine: cores: 2`:    "something else than nodes",
		`detectors: a`:        "must be",
		`detectors: (x): {}`:  "has to be written out",
		`detectors: {`:        "",
		`sinks: {"a": {}, 3}`: "must be",
	} {
		_, fs, err := dsl.Load(t.Context(), []string{"p.cue"}, dsl.Options{
			Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(base)}, Overlay: []byte(overlay), Schema: testSchema(t),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(fs, func(f dsl.Finding) bool { return f.Severity == dsl.Error && strings.Contains(f.Message, want) }) {
			t.Errorf("%s: findings %v, want one with %q", overlay, fs, want)
		}
	}
}

func TestEntries(t *testing.T) {
	es, err := dsl.Entries([]byte(`// a remark
detectors: person: {motion: {}}
sinks: {log: jsonl: path: "x", "old-one": null}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []dsl.Entry{{"detectors", "person", "{motion: {}}"}, {"sinks", "log", "{\n\tjsonl: path: \"x\"\n}"}, {"sinks", "old-one", "null"}}
	if !slices.Equal(es, want) {
		t.Errorf("entries %q, want %q", es, want)
	}
	text, err := dsl.Overlay(es)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := dsl.Entries(text); err != nil || !slices.Equal(again, es) {
		t.Errorf("written and read again %q (%v), want %q", again, err, es)
	}
	if !es[2].Gone() || es[0].Gone() {
		t.Error("a node that is null is gone, and no other")
	}
}
