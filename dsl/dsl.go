// Package dsl reads pipelines: CUE files, folders and packages in, a Document with places or findings out.
//
//	doc, findings, err := dsl.Load(ctx, []string{"pipelines/demo"}, dsl.Options{Schema: text})
//	place := doc.Place("events.intrusion.when.all.1")
//	dsl.WriteText(os.Stderr, findings, 50)
//
// All of CUE may be used; what CUE says about a fault is never printed but translated into findings in the user's words,
// at the user's place. The package knows no kinds and judges no meaning: that is dsl/compile and dsl/vet. It opens no
// device and resolves no secret. Load owns one goroutine, the evaluation, and waits for it unless it runs past its limit:
// CUE cannot be interrupted, so such an evaluation is left behind.
package dsl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rvo.dev/schema"
)

// DefaultLimit is how long an evaluation may take. A thousand cameras with an event each take about one and a half
// seconds of one core.
const DefaultLimit = 10 * time.Second

// Options is what Load needs beside the paths.
type Options struct {
	// Schema is the text of schema.cue, composed from the core language and the kinds; nil means the core alone.
	Schema []byte
	// Tags are values for @tag fields ("site=hamburg") and names that are set for @if.
	Tags []string
	// Dir is the working directory that paths are relative to; empty means the process's.
	Dir string
	// Files are files that need not be on disk, by path; they hide those on disk.
	Files map[string][]byte
	// Extra is a text that belongs to the pipeline beside its files, without a package clause: what a command line adds.
	Extra []byte
	// Overlay is a text whose nodes stand in the place of those that the files give under the same names, without a package clause;
	// a node that is null there is taken away. Entries reads one.
	Overlay []byte
	// Tests reads the files called *_test.cue of a package too, which belong to its tests and not to what runs.
	Tests bool
	// Limit bounds the evaluation; 0 means DefaultLimit.
	Limit time.Duration
	// Memory bounds what the evaluation may add to the heap, in bytes; 0 means DefaultMemory.
	Memory uint64
}

// Document is a pipeline that was read. Where findings at error level came with it, it holds what could be decoded.
type Document struct {
	// Name is the pipeline's: its folder's name, or its only file's without .cue.
	Name string
	// Dir is the folder that paths in the pipeline are relative to, absolute.
	Dir string
	// Files are the files the pipeline was read from, absolute, sorted: what to watch. The schema is not among them.
	Files []string
	// Pipeline is what was written, without defaults.
	Pipeline schema.Pipeline
	// Content is the evaluated pipeline as canonical JSON: keys sorted, no blanks. Secrets are references in it. Its tests
	// are not in it: they change nothing about what runs.
	Content []byte

	src    *sources
	nodes  map[string]node
	texts  map[string]Place // of the parts of conditions that were written as text
	faults []string         // paths with a finding at error level

	ignores []ignore
}

// Load reads one pipeline: a folder, a package path, or files that belong together. The findings are sorted. The
// Document is nil when nothing could be evaluated. The error is for misuse (no paths, several pipelines) and for ctx: it
// says nothing about the pipeline.
func Load(ctx context.Context, paths []string, opts Options) (*Document, []Finding, error) {
	if len(opts.Schema) == 0 {
		opts.Schema = []byte(schema.Core())
	}
	if opts.Limit <= 0 {
		opts.Limit = DefaultLimit
	}
	if opts.Memory == 0 {
		opts.Memory = DefaultMemory
	}
	dir, err := absDir(opts.Dir)
	if err != nil {
		return nil, nil, err
	}
	files := make(map[string][]byte, len(opts.Files))
	for name, data := range opts.Files {
		files[absIn(dir, name)] = data
	}
	src := newSources(dir, files)
	t, findings, err := resolve(src, paths, opts.Tests)
	if err != nil {
		return nil, nil, err
	}
	if t == nil || HasErrors(findings) {
		return nil, src.done(findings), nil
	}
	shown := src.rel(t.shown)
	out, err := limited(ctx, opts.Limit, opts.Memory, func() loaded { return load(src, t, opts) })
	switch {
	case err == errLimit, err == errMemory: //nolint:errorlint // limited returns it as it is
		f := Finding{
			Code: CodeLimit, Place: Place{File: shown},
			Message: fmt.Sprintf("evaluation was given up after %s", opts.Limit),
			Hint:    "look for a comprehension over a very long list or a definition that grows without end",
		}
		if err == errMemory { //nolint:errorlint // as above
			f.Message = "evaluation was given up: it takes too much memory"
		}
		// src is not touched again: the evaluation that was left behind may still use it.
		return nil, []Finding{f}, nil
	case err != nil:
		return nil, nil, err
	}
	return out.doc, src.done(append(findings, out.findings...)), nil
}

// loaded is what an evaluation gives.
type loaded struct {
	doc      *Document
	findings []Finding
}

// absDir returns the working directory, absolute.
func absDir(dir string) (string, error) {
	if dir == "" {
		return os.Getwd()
	}
	return filepath.Abs(dir)
}

func absIn(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// done finishes and sorts findings.
func (s *sources) done(fs []Finding) []Finding {
	for i := range fs {
		fs[i] = s.finish(fs[i])
	}
	return Sort(fs)
}

// Place returns where the value at path stands in the source, or the nearest thing around it. Path elements are
// separated by dots, list elements are numbers from 0: "events.intrusion.when.all.1".
func (d *Document) Place(path string) Place {
	for {
		if p, ok := d.texts[path]; ok {
			return p
		}
		if n, ok := d.nodes[path]; ok {
			if p := n.place(d.src); p != (Place{}) {
				return p
			}
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			break
		}
		path = path[:i]
	}
	if len(d.Files) == 0 {
		return Place{}
	}
	return Place{File: d.src.rel(d.Files[0])}
}

// ValuePlace is like Place but points at the value rather than at its label.
func (d *Document) ValuePlace(path string) Place {
	if p, ok := d.texts[path]; ok {
		return p
	}
	if n, ok := d.nodes[path]; ok {
		if p := n.valuePlace(d.src); p != (Place{}) {
			return p
		}
	}
	return d.Place(path)
}

// Has reports whether the pipeline gives a value at path, right or wrong.
func (d *Document) Has(path string) bool {
	_, ok := d.nodes[path]
	return ok
}

// Complete reports whether the pipeline was read to its end; a file in another version of the language is not.
func (d *Document) Complete() bool { return d.Content != nil }

// Faulty reports whether loading found an error at path, below it or above it: whatever else could be said about path
// probably follows from that.
func (d *Document) Faulty(path string) bool {
	for _, f := range d.faults {
		if within(f, path) || within(path, f) {
			return true
		}
	}
	return false
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	return dir == "" || path == dir || strings.HasPrefix(path, dir) && path[len(dir)] == '.'
}

// Finish gives findings that were made about the document their source lines, hides credentials and sorts them.
func (d *Document) Finish(fs []Finding) []Finding { return d.src.done(fs) }
