package dsl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	cueload "cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"rvo.dev/schema"
)

// schemaFile is where the schema lies in a module. It is one file, so that one which the user keeps there for the
// editor is hidden as a whole.
const schemaFile = schema.VendoredPath

// languageVersion is that of modules we make up, and the least that the schema can be read with is leastVersion: the
// one that has error().
const (
	languageVersion = schema.LanguageVersion
	leastVersion    = "v0.14.0"
)

// load evaluates a target. It runs on a goroutine of its own and shares nothing with its caller until it returns.
func load(src *sources, t *target, opts Options) loaded {
	if fs := syntax(src, t.files); len(fs) > 0 {
		return loaded{findings: fs}
	}
	cfg, fs := config(src, t, opts)
	if len(fs) > 0 {
		return loaded{findings: fs}
	}
	instances := cueload.Instances(t.args, cfg)
	if len(instances) != 1 {
		return loaded{findings: []Finding{{
			Code: CodeImport, Place: Place{File: t.shown},
			Message: fmt.Sprintf("names %d packages and not one pipeline", len(instances)),
		}}}
	}
	inst := instances[0]
	if inst.Module == "" {
		// Files that are named one by one embed data as those of a folder do.
		inst.Module, inst.Root = "pipeline.local", t.root
	}
	if inst.Err != nil {
		if f, ok := tagValue(src, inst, opts.Tags); ok {
			f.Place = orPlace(f.Place, Place{File: src.rel(t.shown)})
			return loaded{findings: []Finding{f}}
		}
		return loaded{findings: loadErrors(src, t, inst.Err, opts.Tags)}
	}
	doc := &Document{Name: t.name, Dir: t.dir, src: src, nodes: map[string]node{}, texts: map[string]Place{}, Files: files(inst), ignores: ignoresOf(src, inst)}
	if t.pkg {
		doc.Dir = inst.Dir
	}
	src.base = doc.Dir
	if len(opts.Extra) > 0 {
		if err := addExtra(src, inst, doc.Dir, opts.Extra); err != nil {
			return loaded{findings: loadErrors(src, t, err, opts.Tags)}
		}
	}
	var gone []Entry
	if len(opts.Overlay) > 0 {
		var fs []Finding
		if gone, fs = addOverlay(src, inst, doc.Dir, opts.Overlay); len(fs) > 0 {
			return loaded{findings: fs}
		}
	}

	// A context keeps all it ever evaluated; a new one each time is what keeps memory flat over reloads.
	ctx := cuecontext.New()
	language, err := languageSchema(ctx, cfg, inst)
	if err != nil {
		return loaded{findings: []Finding{{
			Code: CodeImport, Place: Place{File: t.shown},
			Message: "the schema of this program does not load together with this pipeline",
		}}}
	}
	user := ctx.BuildInstance(inst)
	if fs := buildErrors(src, user, inst); len(fs) > 0 {
		return loaded{findings: fs}
	}
	if fs := still(src, user, gone); len(fs) > 0 {
		return loaded{findings: fs}
	}
	w := &walker{src: src, doc: doc, shapes: newShapes(language), user: user, tags: tagsOf(inst, opts.Tags), files: inst.Files, joined: saysPipeline(inst)}
	w.run()
	if i := slices.IndexFunc(w.findings, func(f Finding) bool { return f.Code == CodeLimit }); i >= 0 {
		// Values that contain themselves have no end: the first place is told, the others only follow.
		return loaded{findings: w.findings[i : i+1]}
	}
	return loaded{doc: doc, findings: w.findings}
}

// extraFile is what a text of the command line is called where it is at fault.
const extraFile = "command-line.cue"

// addExtra adds a text to the pipeline's files. It is no file: nobody need watch it.
func addExtra(src *sources, inst *build.Instance, dir string, text []byte) error {
	name := filepath.Join(dir, extraFile)
	src.files[name] = text
	f, err := parser.ParseFile(name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	if err := inst.AddSyntax(f); err != nil {
		return err
	}
	return nil
}

// config puts the schema, and a module file where the user has none, over the files on disk.
func config(src *sources, t *target, opts Options) (*cueload.Config, []Finding) {
	module := filepath.Join(t.root, "cue.mod", "module.cue")
	vendored := filepath.Join(t.root, filepath.FromSlash(schemaFile))
	overlay := map[string]cueload.Source{vendored: cueload.FromBytes(opts.Schema)}
	if f, err := parser.ParseFile(vendored, opts.Schema, parser.ParseComments); err == nil && !refers(src, t) {
		overlay[vendored] = cueload.FromFile(withoutReferences(f))
	}
	for file, data := range src.files {
		overlay[file] = cueload.FromBytes(data)
	}
	switch data, err := src.read(module); {
	case err == nil:
		if fs := checkModule(src, module, data); len(fs) > 0 {
			return nil, fs
		}
	case errors.Is(err, fs.ErrNotExist):
		overlay[module] = cueload.FromString(fmt.Sprintf("module: \"pipeline.local\"\nlanguage: version: %q\n", languageVersion))
	default:
		return nil, []Finding{cannotRead(src.rel(module), err)}
	}
	return &cueload.Config{Dir: t.dir, ModuleRoot: t.root, Overlay: overlay, Tags: opts.Tags, Tests: opts.Tests}, nil
}

// languageSchema returns the schema: the one that the user's files import, so that what both say is evaluated once, or
// one loaded beside them.
func languageSchema(ctx *cue.Context, cfg *cueload.Config, inst *build.Instance) (cue.Value, error) {
	var found *build.Instance
	eachImport(inst, func(i *build.Instance) {
		if i.ImportPath == schema.ImportPath {
			found = i
		}
	})
	if found == nil {
		c := *cfg
		c.Tags = nil
		found = cueload.Instances([]string{schema.ImportPath}, &c)[0]
	}
	if found.Err != nil {
		return cue.Value{}, found.Err
	}
	v := ctx.BuildInstance(found)
	if err := v.Err(); err != nil {
		return cue.Value{}, err
	}
	return v, nil
}

// eachImport calls f for every package that inst imports, directly or not.
func eachImport(inst *build.Instance, f func(*build.Instance)) {
	seen := map[*build.Instance]bool{inst: true}
	queue := slices.Clone(inst.Imports)
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		if seen[i] {
			continue
		}
		seen[i] = true
		f(i)
		queue = append(queue, i.Imports...)
	}
}

// files lists what a pipeline was read from: its files, those it imports and, where a package embeds data, the data that
// lies beside it.
func files(inst *build.Instance) []string {
	found := map[string]bool{}
	add := func(file string) {
		if filepath.IsAbs(file) && !strings.HasSuffix(filepath.ToSlash(file), schemaFile) {
			found[file] = true
		}
	}
	all := []*build.Instance{inst}
	eachImport(inst, func(i *build.Instance) { all = append(all, i) })
	for _, i := range all {
		for _, f := range i.Files {
			add(f.Filename)
		}
		if !embeds(i) {
			continue
		}
		for _, f := range i.OrphanedFiles {
			add(f.Filename)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// embeds reports whether a package takes in data files.
func embeds(inst *build.Instance) bool {
	found := false
	for _, f := range inst.Files {
		ast.Walk(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.Attribute); ok {
				key, _ := a.Split()
				found = found || key == "embed"
			}
			return !found
		}, nil)
	}
	return found
}

// maxSyntax bounds how many faults of one file's text are reported: a file that is no CUE at all has one at every word.
const maxSyntax = 100

// syntax reports the faults in the text of files, in each the first of them where there are very many.
func syntax(src *sources, files []string) []Finding {
	var findings []Finding
	for _, file := range files {
		data, err := src.read(file)
		if err != nil {
			findings = append(findings, cannotRead(src.rel(file), err))
			continue
		}
		if at, ok := noText(data); !ok {
			at.File = src.rel(file)
			findings = append(findings, Finding{
				Code: CodeSyntax, Place: at, Message: "file holds bytes that are no text in UTF-8",
				Hint: "save it as UTF-8; a pipeline is a text in CUE",
			})
			continue
		}
		_, err = parser.ParseFile(file, data, parser.ParseComments, parser.AllErrors)
		for i, e := range cueerrors.Errors(err) {
			if i == maxSyntax {
				break
			}
			findings = append(findings, Finding{
				Code: CodeSyntax, Place: src.errorPlace(e, Place{File: src.rel(file)}), Message: src.messageOr(e, "text cannot be read from here on"),
			})
		}
	}
	return findings
}

// noText returns the place of the first byte that is no text in UTF-8, and true where there is none.
func noText(data []byte) (Place, bool) {
	at := Place{Line: 1, Col: 1}
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == 0, r == utf8.RuneError && n == 1:
			return at, false
		case r == '\n':
			at.Line, at.Col = at.Line+1, 1
		default:
			at.Col += n
		}
		data = data[n:]
	}
	return at, true
}
