package cli

import (
	"context"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
)

// input is a pipeline that was read and judged.
type input struct {
	doc      *dsl.Document
	spec     *graph.Spec
	graph    *graph.Graph // nil when a finding is an error
	findings []dsl.Finding
	secrets  map[string]string // what a pipeline made for a camera refers to

	files  []string // that it was read from
	source []byte   // as it was evaluated, in CUE; only where opts.Show asked for it
	paths  []string // by which it was read, with opts
	opts   vet.Options
}

// load reads, checks and builds one pipeline: the one way for vet and run, so that what passes vet is what runs.
func (a *app) load(ctx context.Context, paths, tags []string) (*input, error) {
	return a.loadWith(ctx, paths, vet.Options{Tags: tags})
}

// loadWith is load with more said about how.
func (a *app) loadWith(ctx context.Context, paths []string, opts vet.Options) (*input, error) {
	r, err := a.vet(ctx, paths, opts)
	if err != nil {
		return nil, err
	}
	return &input{
		doc: r.Document, spec: r.Spec, graph: r.Graph, findings: r.Findings, files: r.Files, source: r.Source, paths: paths, opts: opts,
	}, nil
}

// sound loads a pipeline that another command than run works on. Where it has errors they are told, and the error ends the
// command; warnings are vet's business.
func (a *app) sound(ctx context.Context, paths, tags []string) (*input, error) {
	return a.soundWith(ctx, paths, vet.Options{Tags: tags})
}

func (a *app) soundWith(ctx context.Context, paths []string, opts vet.Options) (*input, error) {
	in, err := a.loadWith(ctx, paths, opts)
	if err != nil {
		return nil, err
	}
	if dsl.HasErrors(in.findings) {
		return nil, printFindings(a, in.findings)
	}
	return in, nil
}
