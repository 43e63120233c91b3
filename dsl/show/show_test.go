package show_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/show"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
	"rvo.dev/schema"
)

// The golden files are rewritten by go test ./dsl/show -update.
var update = flag.Bool("update", false, "rewrite the golden files")

func kindSet(t testing.TB) *node.Set {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// read loads a pipeline that has no faults.
func read(t testing.TB, name string, text []byte) *dsl.Document {
	t.Helper()
	language, err := compile.SchemaFor(kindSet(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, findings, err := dsl.Load(t.Context(), []string{name}, dsl.Options{
		Schema: language, Dir: t.TempDir(), Files: map[string][]byte{name: text},
	})
	if err != nil || dsl.HasErrors(findings) {
		t.Fatalf("%s: %v %v\n%s", name, err, findings, text)
	}
	return doc
}

// build compiles a pipeline that has no faults.
func build(t testing.TB, doc *dsl.Document) (*graph.Spec, *graph.Graph) {
	t.Helper()
	spec, findings := compile.Compile(doc, kindSet(t))
	if dsl.HasErrors(findings) {
		t.Fatal(findings)
	}
	g, err := graph.Build(spec, kindSet(t))
	if err != nil {
		t.Fatal(err)
	}
	return spec, g
}

// defaults prints a pipeline with its defaults.
func defaults(t testing.TB, doc *dsl.Document) []byte {
	t.Helper()
	spec, g := build(t, doc)
	out, err := show.Defaults(doc, spec, g)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pipelines are good pipelines of all sorts: those of the repository and some of what cures codes, which is alike for most.
func pipelines(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, pattern := range []string{"../../pipelines/*/pipeline.cue", "../vet/examples/*.good.cue", "testdata/*.cue"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for i, file := range files {
			if strings.Contains(file, "examples") && i%4 > 0 {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte("@tag(")) && !bytes.Contains(text, []byte("import ")) {
				out[file] = text
			}
		}
	}
	if len(out) < 10 {
		t.Fatalf("only %d pipelines", len(out))
	}
	return out
}

// What is printed is the pipeline again, in the form that the formatter gives.
func TestPipelineIsTheSame(t *testing.T) {
	for file, text := range pipelines(t) {
		doc := read(t, "pipeline.cue", text)
		out, err := show.Pipeline(doc)
		if err != nil {
			t.Fatal(err)
		}
		again := read(t, "pipeline.cue", out)
		// Conditions that are written as text come out as the tree they mean, and a password not at all.
		if !reflect.DeepEqual(again.Pipeline, doc.Pipeline) && !bytes.Contains(text, []byte("hunter2")) {
			t.Errorf("%s prints as\n%s\nwhich is\n%s\nand not\n%s", file, out, again.Content, doc.Content)
		}
		if formatted, fs := show.Source(t.TempDir(), "pipeline.cue", out); len(fs) > 0 || !bytes.Equal(formatted, out) {
			t.Errorf("%s is formatted otherwise: %v\n%s", file, fs, formatted)
		}
	}
}

// With its defaults written out a pipeline is one with nothing left to fill in.
func TestDefaultsAreAPipeline(t *testing.T) {
	for file, text := range pipelines(t) {
		full := read(t, "pipeline.cue", defaults(t, read(t, "pipeline.cue", text)))
		out := defaults(t, full)
		// The sink of a pipeline without any is written as a kind without options, which then has its own defaults.
		out = bytes.ReplaceAll(out, []byte(`format: "auto" // default`), nil)
		if bytes.Contains(out, []byte("// default")) || bytes.Contains(out, []byte("// computed")) {
			t.Errorf("%s with its defaults lacks defaults:\n%s", file, out)
		}
		if again := read(t, "pipeline.cue", out); string(again.Content) != string(full.Content) {
			t.Errorf("%s: the second time\n%s\nthe first\n%s", file, again.Content, full.Content)
		}
	}
}

func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/site.cue")
	if err != nil {
		t.Fatal(err)
	}
	doc := read(t, "site.cue", text)
	evaluated, err := show.Pipeline(doc)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"site.print": evaluated, "site.defaults": defaults(t, doc)} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s (%v):\n%s", name, err, got)
		}
		if bytes.Contains(got, []byte("hunter2")) {
			t.Errorf("%s shows a password", name)
		}
	}
}

// valueless says in the schema's words that a field has no value unless it is given.
const valueless = `as rvo explain|no limit|none|nothing|every|as it comes|as they come|as many as|what the source gives|it stays|the machine|all of them|any|always|the whole|of the|when the|the test|the step`

// Every field whose doc names a default is filled in, so that a new one cannot be forgotten.
func TestEveryDefaultIsFilledIn(t *testing.T) {
	text, err := os.ReadFile("testdata/site.cue")
	if err != nil {
		t.Fatal(err)
	}
	out := string(defaults(t, read(t, "site.cue", text)))
	f, err := parser.ParseFile("schema.cue", schema.Core(), parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	nodes := []string{"#Engine", "#Camera", "#Detector", "#Signal", "#Event", "#Evidence", "#Sink"}
	seen := 0
	for _, d := range f.Decls {
		def, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, _ := ast.LabelName(def.Label)
		body, ok := def.Value.(*ast.StructLit)
		if !ok || !slices.Contains(nodes, name) {
			continue
		}
		for _, e := range body.Elts {
			field, ok := e.(*ast.Field)
			if !ok {
				continue
			}
			label, _, _ := ast.LabelName(field.Label)
			_, says, ok := strings.Cut(doc(field), "Default: ")
			if !ok || regexp.MustCompile(`^(`+valueless+`)\b`).MatchString(says) {
				continue
			}
			seen++
			if !regexp.MustCompile(`\b` + label + `: `).MatchString(out) {
				t.Errorf("%s.%s has the default %q, and print --defaults does not show it: fill it in in defaults.go", name, label, says)
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d fields with a default were found", seen)
	}
}

// doc returns the comment above a field on one line.
func doc(f *ast.Field) string {
	var b strings.Builder
	for _, g := range ast.Comments(f) {
		b.WriteString(g.Text() + " ")
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestSourceFindsSyntax(t *testing.T) {
	dir := t.TempDir()
	out, fs := show.Source(dir, "a.cue", []byte("a: {\nb: ]\n"))
	if out != nil || len(fs) == 0 || fs[0].Code != dsl.CodeSyntax || fs[0].Place.File != "a.cue" || fs[0].Line == "" {
		t.Errorf("%q, %+v", out, fs)
	}
}
