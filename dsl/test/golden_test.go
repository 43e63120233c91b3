package test_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/test"
	"rvo.dev/dsl/vet/vettest"
	"rvo.dev/engine/graph"
)

var update = flag.Bool("update", false, "rewrite the golden results")

// load returns the suite of an archive's files, and what is wrong with it.
func load(t testing.TB, ar *txtar.Archive) (*test.Suite, []dsl.Finding) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range ar.Files {
		if filepath.Ext(f.Name) == ".cue" {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	kinds := vettest.Kinds(t)
	text, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, findings, err := dsl.Load(t.Context(), []string{"."}, dsl.Options{Schema: text, Dir: dir, Tests: true})
	if err != nil || dsl.HasErrors(findings) {
		t.Fatal(err, findings)
	}
	spec, findings := compile.Compile(doc, kinds)
	g, err := graph.Build(spec, kinds)
	if err != nil || dsl.HasErrors(findings) {
		t.Fatal(err, findings)
	}
	return test.Compile(doc, g)
}

// TestGolden compares what tests of pipelines say, with all they tried, with what the archives want.
func TestGolden(t *testing.T) {
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
			s, findings := load(t, ar)
			var b strings.Builder
			if err := dsl.WriteText(&b, findings, 0); err != nil {
				t.Fatal(err)
			}
			o := test.Outcome{Name: "pipeline", Findings: findings}
			o.Results, o.Coverage = s.Run(s.Tests)
			if err := (test.Text{Verbose: true}).Write(&b, []test.Outcome{o}); err != nil {
				t.Fatal(err)
			}
			want := &ar.Files[len(ar.Files)-1]
			if want.Name != "want" {
				t.Fatalf("%s does not end with what it wants", archive)
			}
			if *update {
				want.Data = []byte(b.String())
				if err := os.WriteFile(archive, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if got := b.String(); got != string(want.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}
