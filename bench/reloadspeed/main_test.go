package main

import (
	"strings"
	"testing"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
	"rvo.dev/nodes/all"
)

// What is measured is one retune, of a pipeline without error.
func TestEditIsARetune(t *testing.T) {
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	build := func(edit int) *graph.Graph {
		r, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{
			Kinds: kinds, Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(site(10, edit))},
		})
		if err != nil || dsl.HasErrors(r.Findings) {
			t.Fatal(err, r.Findings)
		}
		return r.Graph
	}
	changed := 0
	for _, c := range graph.Changes(build(1), build(2), graph.Facts{}) {
		switch c.Action {
		case graph.Keep:
		case graph.Retune:
			changed++
		case graph.Replace, graph.Add, graph.Remove:
			t.Errorf("%+v", c)
		}
	}
	if changed != 1 {
		t.Errorf("%d nodes are retuned, want 1", changed)
	}
}

func TestTable(t *testing.T) {
	r := row{10, map[string][]float64{}}
	for _, p := range parts() {
		r.parts[p] = []float64{0.2, 0.05, 0.1}
	}
	var b strings.Builder
	if code := table(&b, []row{r}); code != 0 || !strings.Contains(b.String(), "      10  100.000  200.000") || !strings.HasSuffix(b.String(), "pass: 100.0 ms at 10 cameras, target 150 ms\n") {
		t.Errorf("%d\n%s", code, b.String())
	}
	r.parts["total"] = []float64{0.2}
	b.Reset()
	if code := table(&b, []row{r}); code != 1 || !strings.HasSuffix(b.String(), "fail: 200.0 ms at 10 cameras, target 150 ms\n") {
		t.Errorf("%d\n%s", code, b.String())
	}
}
