// Package vet says whether a pipeline can run, and builds the graph that would.
//
//	result, err := vet.Vet(ctx, []string{"pipelines/demo"}, vet.Options{Kinds: kinds})
//	dsl.WriteText(os.Stderr, result.Findings, 50)
//	engine.Run(result.Graph)                       // nil where there are errors
//
// `rvo vet` and `rvo run` go through it alike, so that what vets clean is what runs. A check is data: a code, a text that
// explains it and a function; checks.go lists them. They run in three stages: all that find fault with what was written; those
// that mean something only where that is sound; those that look at the built graph, and of these with Options.Env those that look
// at the machine. So nothing is told that only follows from something else. logic.go is the analysis of conditions.
//
// The package opens no node and dials nobody itself. It starts no goroutine beside that of dsl.Load.
package vet

import (
	"context"
	"errors"
	"slices"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// CodeBuild is a graph that cannot be built although no check said why: a check is missing.
const CodeBuild = "RVO900"

// Options is what Vet needs beside the paths.
type Options struct {
	// Kinds are the kinds of this program.
	Kinds *node.Set
	// Tags, Dir, Files, Extra, Overlay, Tests and Limit are those of dsl.Options.
	Tags    []string
	Dir     string
	Files   map[string][]byte
	Extra   []byte
	Overlay []byte
	Tests   bool
	Limit   time.Duration
	// Env lets the checks look at this machine too: files, secrets, endpoints, free disk.
	Env bool
	// StateDir is where nodes would write; empty is the working directory. Env looks at its disk.
	StateDir string
	// Models is the folder that rvo models pull fills; Env takes what is in it for tried. Empty: there is none.
	Models string
	// Dial tries an address ("host:port") with Env and returns why nobody answers; nil tries none. It may wait.
	Dial func(address string) error
	// Show writes a pipeline without error for Result.Source; nil: nobody asks. A child has that of its Serve.
	Show func(*dsl.Document) ([]byte, error)
	// Free returns what the disk below a folder has free with Env; nil asks no disk. FreeBytes is one.
	Free func(dir string) (bytes int64, ok bool)
}

// Result is what is known of one pipeline.
type Result struct {
	// Findings are sorted.
	Findings []dsl.Finding
	// Files are what the pipeline was read from, absolute: what to watch. Empty where nothing could be read.
	Files []string
	// Document is what was read; nil where nothing could be, and in a result of InChild.
	Document *dsl.Document
	// Spec is what was compiled; nil without a document. With errors it must not be run.
	Spec *graph.Spec
	// Source is the pipeline as Options.Show wrote it; nil where there are errors.
	Source []byte
	// Graph is nil when a finding is at error level.
	Graph *graph.Graph
}

// Vet reads, compiles and checks one pipeline. The error is about the call and not about the pipeline: no paths, paths
// of several pipelines (see dsl.Groups), kinds that make no schema, or ctx being done.
func Vet(ctx context.Context, paths []string, opts Options) (*Result, error) {
	text, err := compile.SchemaFor(opts.Kinds)
	if err != nil {
		return nil, err
	}
	doc, findings, err := dsl.Load(ctx, paths, dsl.Options{
		Schema: text, Tags: opts.Tags, Dir: opts.Dir, Files: opts.Files, Extra: opts.Extra, Overlay: opts.Overlay,
		Tests: opts.Tests, Limit: opts.Limit,
	})
	if err != nil {
		return nil, err
	}
	r := &Result{Findings: findings, Document: doc}
	if doc == nil {
		return r, nil
	}
	r.Files = doc.Files
	if !doc.Complete() {
		return r, nil
	}
	spec, more := compile.Compile(doc, opts.Kinds)
	r.Spec = spec
	r.Findings = append(r.Findings, more...)
	p := &Pass{Doc: doc, Spec: spec, Kinds: opts.Kinds, stateDir: opts.StateDir, models: opts.Models, dial: opts.Dial, free: opts.Free, levels: levels(doc)}
	faulty := func() bool { return p.faulty || dsl.HasErrors(r.Findings) }
	for _, c := range Checks() {
		if !c.Built && !c.Sound {
			p.run(c)
		}
	}
	// What has no fault is judged all the same: all there is to say is said in one run.
	judge := func(build bool) bool { return !faulty() || p.narrow(slices.Concat(r.Findings, p.findings), build) }
	if judge(false) {
		for _, c := range Checks() {
			if c.Sound {
				p.run(c)
			}
		}
	}
	if judge(true) {
		p.Graph, err = graph.Build(p.Spec, opts.Kinds)
		for _, e := range split(err) {
			if faulty() {
				break // most likely follows from what is wrong
			}
			r.Findings = append(r.Findings, dsl.Finding{
				Code: CodeBuild, Place: doc.Place(""), Message: dsl.Redact(e.Error()),
			})
		}
	}
	for _, c := range Checks() {
		if c.Built && p.Graph != nil && (opts.Env || !c.Env) {
			p.run(c)
		}
	}
	p.findings = append(p.findings, p.levels.Findings(!faulty(), looked)...)
	r.Findings = append(r.Findings, doc.Finish(p.findings)...)
	if !dsl.HasErrors(r.Findings) {
		r.Graph = p.Graph
		if opts.Show != nil {
			if r.Source, err = opts.Show(doc); err != nil {
				return nil, err
			}
		}
	}
	r.Findings = gather(dsl.Sort(r.Findings))
	return r, nil
}

// split takes joined errors apart.
func split(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}
