package vet_test

import (
	"context"
	"strings"
	"testing"

	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/node"
)

// A kind whose schema lets pass what it cannot read is told so at the options' place, and nothing panics.
func TestKindRefusesOptions(t *testing.T) {
	type options struct {
		Number int `json:"number"`
	}
	set, err := node.NewSet(node.Camera(node.Contract{Name: "odd", Doc: "d", Options: `#Options: {number?: _}`},
		func(node.CameraEnv, options) (node.Source, error) { return nil, context.Canceled }))
	if err != nil {
		t.Fatal(err)
	}
	r, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{
		Kinds: set, Dir: t.TempDir(),
		Files: map[string][]byte{"p.cue": []byte("apiVersion: \"rvo/v1\"\ncameras: a: odd: number: \"five\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Code != compile.CodeKindOptions || r.Findings[0].Place.String() != "p.cue:2:13" || r.Graph != nil {
		t.Errorf("findings %v", r.Findings)
	}
}

// Kinds that make no schema are a fault of the program, not of the pipeline.
func TestKindsWithoutSchema(t *testing.T) {
	set, err := node.NewSet(node.Camera(node.Contract{Name: "odd", Doc: "d", Options: `nothing: 1`},
		func(node.CameraEnv, struct{}) (node.Source, error) { return nil, context.Canceled }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{Kinds: set}); err == nil || !strings.Contains(err.Error(), `"odd"`) {
		t.Errorf("error %v", err)
	}
}
