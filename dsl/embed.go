package dsl

import (
	"path"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"rvo.dev/schema"
)

// saysPipeline reports whether a file of the package says schema.#Pipeline of all of it, at its top, alone or joined with
// more. The schema is then part of the value, and joining it once more would be the same value at many times the cost: each of
// its choices would be tried against itself.
func saysPipeline(inst *build.Instance) bool {
	for _, f := range inst.Files {
		name := ""
		for spec := range f.ImportSpecs() {
			p, err := strconv.Unquote(spec.Path.Value)
			if p, _, _ = strings.Cut(p, ":"); err != nil || p != schema.ImportPath {
				continue
			}
			name = path.Base(p)
			if spec.Name != nil {
				name = spec.Name.Name
			}
		}
		if name == "" {
			continue
		}
		for _, d := range f.Decls {
			if e, ok := d.(*ast.EmbedDecl); ok && joins(e.Expr, name) {
				return true
			}
		}
	}
	return false
}

// joins reports whether an expression is name.#Pipeline, or that and more.
func joins(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return joins(e.X, name)
	case *ast.BinaryExpr:
		return e.Op == token.AND && (joins(e.X, name) || joins(e.Y, name))
	case *ast.SelectorExpr:
		x, isIdent := e.X.(*ast.Ident)
		sel, _, err := ast.LabelName(e.Sel)
		return isIdent && err == nil && x.Name == name && sel == "#Pipeline"
	}
	return false
}
