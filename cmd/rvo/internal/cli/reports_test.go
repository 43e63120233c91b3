package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rvo.dev/dsl/report"
	"rvo.dev/nodes/all"
)

// What vet says of real pipelines is valid by the schemas of its formats: JSON by the published one, SARIF by the part of the
// standard that rvo uses, and by the whole of it where RVO_SARIF_SCHEMA names OASIS' sarif-schema-2.1.0.json.
func TestReportsAreValid(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	compiled := func(file string) *jsonschema.Schema {
		t.Helper()
		s, err := jsonschema.NewCompiler().Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	schemas := map[report.Format][]*jsonschema.Schema{
		report.JSON:  {compiled(filepath.Join(root, "schema", "findings.schema.json"))},
		report.SARIF: {compiled(filepath.Join(root, "dsl", "report", "testdata", "sarif.subset.json"))},
	}
	if file := os.Getenv("RVO_SARIF_SCHEMA"); file != "" {
		schemas[report.SARIF] = append(schemas[report.SARIF], compiled(file))
	}
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	a := &app{Program: Program{Kinds: kinds}, Streams: Streams{Env: func(string) string { return "" }}}
	files, err := filepath.Glob(filepath.Join(root, "dsl", "vet", "examples", "*.bad.cue"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	t.Chdir(filepath.Join(root, "dsl", "vet", "examples"))
	found := 0
	for i, file := range files {
		if i%2 > 0 && testing.Short() {
			continue
		}
		r, _, err := vetAll(t.Context(), a, vetFlags{}, []string{filepath.Base(file)})
		if err != nil {
			t.Fatal(err)
		}
		found += len(r.Findings())
		for format, all := range schemas {
			var b bytes.Buffer
			if err := r.Write(&b, format); err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range all {
				if err := s.Validate(v); err != nil {
					t.Errorf("%s as %s: %v", filepath.Base(file), format, err)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d findings", found)
	}
}
