package dsl

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
)

// OverlayFile is what the text of Options.Overlay is called where it is at fault, in the pipeline's folder. It need not exist.
const OverlayFile = "overlay.cue"

// Entry is a node of a pipeline as an overlay gives it: the field it stands in, its name there and its text in CUE. events,
// intrusion.
type Entry struct {
	Collection string
	Name       string
	Value      string // "null": it is taken away
}

// Gone reports whether the node is taken away.
func (e *Entry) Gone() bool { return e.Value == null }

const null = "null"

// Collections are the fields of a pipeline that hold nodes by name.
func Collections() []string { return []string{"cameras", "detectors", "events", "evidence", "sinks"} }

// Entries lists the nodes that a text for Options.Overlay gives, in their order. JSON is such a text too. The error says what
// else stands there, or where the text is no CUE.
func Entries(text []byte) ([]Entry, error) {
	f, err := parser.ParseFile(OverlayFile, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return listed(f)
}

// Nodes lists the nodes of a whole pipeline that was evaluated: one that show.Pipeline wrote.
func Nodes(source []byte) ([]Entry, error) {
	f, err := parser.ParseFile("pipeline.cue", source)
	if err != nil {
		return nil, err
	}
	f.Decls = slices.DeleteFunc(f.Decls, func(d ast.Decl) bool {
		field, ok := d.(*ast.Field)
		if !ok {
			return true
		}
		name, _, err := ast.LabelName(field.Label)
		return err != nil || !slices.Contains(Collections(), name)
	})
	return listed(f)
}

func listed(f *ast.File) ([]Entry, error) {
	var out []Entry
	_, err := entries(f, func(collection, name string, v ast.Expr) error {
		value, err := format.Node(v)
		out = append(out, Entry{collection, name, string(value)})
		return err
	})
	return out, err
}

// Overlay writes nodes as a text for Options.Overlay; it is empty where there are none.
func Overlay(es []Entry) ([]byte, error) {
	if len(es) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	for _, e := range es {
		fmt.Fprintf(&b, "%s: %s: %s\n", e.Collection, quoted(e.Name), e.Value)
	}
	return format.Source(b.Bytes())
}

// entries tells each node of an overlay and returns the declarations without those that are null.
func entries(f *ast.File, each func(collection, name string, v ast.Expr) error) ([]ast.Decl, error) {
	var kept []ast.Decl
	for _, d := range unwrap(f.Decls) {
		if c, ok := d.(*ast.CommentGroup); ok {
			kept = append(kept, c)
			continue
		}
		field, ok := d.(*ast.Field)
		name := ""
		if ok {
			name, _, _ = ast.LabelName(field.Label)
		}
		if !slices.Contains(Collections(), name) {
			return nil, fmt.Errorf("holds something else than nodes: it is %s, each with nodes by name", List(Collections()))
		}
		body, ok := field.Value.(*ast.StructLit)
		if !ok {
			return nil, fmt.Errorf("%s must be {NAME: {...}}", name)
		}
		var left []ast.Decl
		for _, e := range body.Elts {
			if _, comment := e.(*ast.CommentGroup); comment {
				left = append(left, e)
				continue
			}
			node, ok := e.(*ast.Field)
			if !ok {
				return nil, fmt.Errorf("%s must be {NAME: {...}}", name)
			}
			id, _, err := ast.LabelName(node.Label)
			if err != nil {
				return nil, fmt.Errorf("%s: a name has to be written out: %w", name, err)
			}
			if err := each(name, id, node.Value); err != nil {
				return nil, err
			}
			if !isNull(node.Value) {
				left = append(left, e)
			}
		}
		if body.Elts = left; len(left) > 0 {
			kept = append(kept, field)
		}
	}
	return kept, nil
}

func isNull(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Value == null
}

// unwrap returns what stands in a text that is one struct in braces, as JSON is.
func unwrap(decls []ast.Decl) []ast.Decl {
	if len(decls) == 1 {
		if e, ok := decls[0].(*ast.EmbedDecl); ok {
			if s, ok := e.Expr.(*ast.StructLit); ok {
				return s.Elts
			}
		}
	}
	return decls
}

// addOverlay puts the nodes of a text in the place of those that the pipeline's files give. What it returns are the nodes that
// must be gone now.
func addOverlay(src *sources, inst *build.Instance, dir string, text []byte) ([]Entry, []Finding) {
	name := filepath.Join(dir, OverlayFile)
	src.files[name] = text
	if fs := syntax(src, []string{name}); len(fs) > 0 {
		return nil, fs
	}
	var gone []Entry
	f, err := parser.ParseFile(name, text, parser.ParseComments)
	if err == nil {
		f.Decls, err = entries(f, func(collection, name string, v ast.Expr) error {
			for _, file := range inst.Files {
				file.Decls = without(file.Decls, collection, name)
			}
			if isNull(v) {
				gone = append(gone, Entry{Collection: collection, Name: name})
			}
			return nil
		})
	}
	if err == nil {
		for _, file := range inst.Files {
			tidy(file)
		}
		err = inst.AddSyntax(f)
	}
	if err != nil {
		return nil, []Finding{{Code: CodeSyntax, Place: Place{File: src.rel(name)}, Message: err.Error()}}
	}
	return gone, nil
}

// without returns declarations less what they say of the field at path, wherever it is written out. What a comprehension makes or
// an import holds stays.
func without(decls []ast.Decl, path ...string) []ast.Decl {
	var out []ast.Decl
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			if name, _, err := ast.LabelName(d.Label); err == nil && name == path[0] {
				if len(path) == 1 {
					continue
				}
				prune(d.Value, path[1:])
			}
		case *ast.EmbedDecl:
			prune(d.Expr, path)
		case *ast.Comprehension:
			prune(d.Value, path)
		}
		out = append(out, d)
	}
	return out
}

// prune does the same within an expression.
func prune(e ast.Expr, path []string) {
	switch e := e.(type) {
	case *ast.StructLit:
		e.Elts = without(e.Elts, path...)
	case *ast.ParenExpr:
		prune(e.X, path)
	case *ast.BinaryExpr:
		prune(e.X, path)
		prune(e.Y, path)
	}
}

// tidy takes imports and lets out of a file that nothing uses any more: CUE refuses those.
func tidy(f *ast.File) {
	for {
		used := map[ast.Node]bool{}
		ast.Walk(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Node != nil {
				used[id.Node] = true
			}
			return true
		}, nil)
		before := len(f.Decls)
		f.Decls = slices.DeleteFunc(f.Decls, func(d ast.Decl) bool {
			let, ok := d.(*ast.LetClause)
			return ok && !used[let]
		})
		for _, d := range f.Decls {
			if imports, ok := d.(*ast.ImportDecl); ok {
				n := len(imports.Specs)
				imports.Specs = slices.DeleteFunc(imports.Specs, func(s *ast.ImportSpec) bool { return !used[s] })
				before += n - len(imports.Specs)
			}
		}
		if before == len(f.Decls) {
			return
		}
	}
}

// still reports nodes that were to be taken away and are there all the same.
func still(src *sources, user cue.Value, gone []Entry) []Finding {
	var out []Finding
	for _, e := range gone {
		v := user.LookupPath(cue.MakePath(cue.Str(e.Collection), cue.Str(e.Name)))
		if !v.Exists() {
			continue
		}
		out = append(out, Finding{
			Code: CodeConflict, Path: e.Collection + "." + e.Name, Place: node{v}.place(src),
			Message: fmt.Sprintf("%s.%s cannot be taken away: a comprehension, a template or another file makes it", e.Collection, e.Name),
			Hint:    "change what makes it, where it stands",
		})
	}
	return out
}
