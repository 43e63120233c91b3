package compile_test

import (
	"encoding/json"
	"flag"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet/vettest"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/schema"
)

// The golden specs are rewritten by go test ./dsl/compile -update.
var _ = flag.Bool("update", false, "rewrite the golden specs")

// compileFiles loads and compiles the files of an archive.
func compileFiles(t *testing.T, ar *txtar.Archive) (*graph.Spec, []dsl.Finding) {
	t.Helper()
	kinds := vettest.Kinds(t)
	text, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	vettest.Unpack(t, ar, dir)
	paths, tags := vettest.Args(ar)
	doc, findings, err := dsl.Load(t.Context(), paths, dsl.Options{Schema: text, Dir: dir, Tags: tags})
	if err != nil || doc == nil {
		t.Fatal(err, findings)
	}
	spec, more := compile.Compile(doc, kinds)
	if spec.Dir != filepath.Join(dir, filepath.Dir(paths[0])) {
		t.Errorf("dir %s", spec.Dir)
	}
	spec.Dir = ""
	return spec, append(findings, more...)
}

// TestSpecs compares what pipelines compile to, field by field, with golden JSON.
func TestSpecs(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			spec, findings := compileFiles(t, ar)
			if len(findings) > 0 {
				t.Fatal(findings)
			}
			got, err := json.MarshalIndent(spec, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			vettest.Golden(t, archive, ar, append(got, '\n'))
		})
	}
}

// pipeline is an archive of one file.
func pipeline(text string) *txtar.Archive {
	return &txtar.Archive{
		Comment: []byte("p.cue"),
		Files:   []txtar.File{{Name: "p.cue", Data: []byte(text)}},
	}
}

const small = `apiVersion: "rvo/v1"
cameras: gate: {file: path: "x", fps: 5}
`

// The revision follows what the pipeline says, not how or where it is written.
func TestRevision(t *testing.T) {
	revision := func(text string) string {
		spec, findings := compileFiles(t, pipeline(text))
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		return spec.Revision
	}
	same := revision(small)
	if len(same) != 64 {
		t.Errorf("revision %q is no sha256", same)
	}
	for _, text := range []string{
		"// moved\n\n" + small, "apiVersion: \"rvo/v1\"\n_p: \"x\"\ncameras: {gate: fps: 10/2}\ncameras: gate: file: path: _p\n",
	} {
		if revision(text) != same {
			t.Errorf("another revision for\n%s", text)
		}
	}
	if revision(strings.Replace(small, "fps: 5", "fps: 6", 1)) == same {
		t.Error("a change does not show in the revision")
	}
}

// Every operator and relation of the engine can be written, and the schema has no other.
func TestConditionsMeetTheEngine(t *testing.T) {
	// What modifies an answer, where a leaf looks, the short forms of two lists, and the tree as text.
	fields := map[string]bool{
		"for": true, "within": true, "unknown": true, "camera": true, "label": true, "zone": true, "expr": true,
	}
	for _, op := range event.Operators() {
		fields[op.Name] = true
	}
	for f := range reflect.TypeFor[event.BoxFilter]().Fields() {
		fields[strings.ToLower(f.Name[:1])+f.Name[1:]] = true
	}
	for r := event.Eq; r <= event.In; r++ {
		fields[r.String()] = true
	}
	for _, f := range schema.Fields(schema.Cond{}) {
		if !fields[f] {
			t.Errorf("the language has %s, the engine does not", f)
		}
		delete(fields, f)
	}
	for f := range fields {
		t.Errorf("the engine has %s, the language does not", f)
	}
}

// What was found wrong when loading is not complained about again.
func TestNoFollowers(t *testing.T) {
	_, findings := compileFiles(t, pipeline(`apiVersion: "rvo/v1"
cameras: gate: {fiel: path: "x"}
detectors: motion: {motoin: {}, fps: 5}
events: a: {when: {signl: "motion.level", gte: 5}, evidence: 5, cameras: ["gate"]}
events: b: when: all: ["x", {signal: "motion.level", gte: 5}]
`))
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	if got := strings.Join(codes, " "); got != "RVO002 RVO002 RVO002 RVO001 RVO001" {
		t.Errorf("findings %v", findings)
	}
}
