package dsl

import (
	"fmt"
	"path/filepath"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"
)

// OverlayFile is what the text of Options.Overlay is called where it is at fault, in the pipeline's folder. It need not exist.
const OverlayFile = "overlay.cue"

// Entry names a node of a pipeline by the field it stands in and its name there: events and intrusion.
type Entry struct{ Collection, Name string }

// Collections are the fields of a pipeline that hold nodes by name.
func Collections() []string { return []string{"cameras", "detectors", "events", "evidence", "sinks"} }

// Entries lists the nodes that a text for Options.Overlay gives, those that it takes away too, in their order. The error says
// what else stands there, or where the text is no CUE.
func Entries(text []byte) (given, gone []Entry, err error) {
	f, err := parser.ParseFile(OverlayFile, text, parser.ParseComments)
	if err != nil {
		return nil, nil, err
	}
	return entries(f)
}

// entries lists the nodes of an overlay and takes those out of it that are null.
func entries(f *ast.File) (given, gone []Entry, err error) {
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
			return nil, nil, fmt.Errorf("holds something else than nodes: it is %s, each with nodes by name", List(Collections()))
		}
		body, ok := field.Value.(*ast.StructLit)
		if !ok {
			return nil, nil, fmt.Errorf("%s must be {NAME: {...}}", name)
		}
		var left []ast.Decl
		for _, e := range body.Elts {
			node, ok := e.(*ast.Field)
			if !ok {
				if _, comment := e.(*ast.CommentGroup); comment {
					left = append(left, e)
					continue
				}
				return nil, nil, fmt.Errorf("%s must be {NAME: {...}}", name)
			}
			id, _, err := ast.LabelName(node.Label)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: a name has to be written out: %w", name, err)
			}
			entry := Entry{name, id}
			if lit, ok := node.Value.(*ast.BasicLit); ok && lit.Value == "null" {
				gone = append(gone, entry)
				continue
			}
			given = append(given, entry)
			left = append(left, e)
		}
		if body.Elts = left; len(left) > 0 {
			kept = append(kept, field)
		}
	}
	f.Decls = kept
	return given, gone, nil
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
	f, err := parser.ParseFile(name, text, parser.ParseComments)
	given, gone := []Entry(nil), []Entry(nil)
	if err == nil {
		given, gone, err = entries(f)
	}
	if err == nil {
		for _, e := range slices.Concat(given, gone) {
			for _, file := range inst.Files {
				file.Decls = without(file.Decls, e.Collection, e.Name)
			}
		}
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
