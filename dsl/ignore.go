package dsl

import (
	"bytes"
	"regexp"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"rvo.dev/schema"
)

// ignore is an @rvo(ignore=CODE, reason="…") in the source: findings with one of its codes are meant where it stands. Behind
// a field it covers the field, inside a struct all of the struct, at the top of a file all of the file.
type ignore struct {
	codes    []string
	reason   string
	place    Place // of the attribute
	from, to Place // what it covers; to is past its end
	used     bool
	fault    string // what is wrong with its words
}

// covers reports whether a place lies in what the ignore covers.
func (i *ignore) covers(p Place) bool {
	if p.File != i.from.File || p.Line == 0 {
		return false
	}
	after := p.Line > i.from.Line || p.Line == i.from.Line && p.Col >= i.from.Col
	before := p.Line < i.to.Line || p.Line == i.to.Line && p.Col < i.to.Col
	return after && before
}

// ignoresOf lists the ignores in the user's files of a pipeline, those it imports included.
func ignoresOf(src *sources, inst *build.Instance) []ignore {
	var out []ignore
	all := []*build.Instance{inst}
	eachImport(inst, func(i *build.Instance) {
		if i.ImportPath != schema.ImportPath {
			all = append(all, i)
		}
	})
	for _, i := range all {
		for _, f := range i.Files {
			// Most files have none, and looking at every node of a large one takes time.
			if data, err := src.read(f.Filename); err == nil && !bytes.Contains(data, []byte("@rvo")) {
				continue
			}
			out = append(out, fileIgnores(src, f)...)
		}
	}
	return out
}

// fileIgnores lists the ignores of a file.
func fileIgnores(src *sources, f *ast.File) []ignore {
	var out []ignore
	take := func(a *ast.Attribute, from, to token.Pos) {
		key, body := a.Split()
		if key != "rvo" {
			return
		}
		i := parseIgnore(body)
		i.place, i.from, i.to = src.place(a.Pos()), src.place(from), src.place(to)
		out = append(out, i)
	}
	decls := func(list []ast.Decl, from, to token.Pos) {
		for _, d := range list {
			if a, ok := d.(*ast.Attribute); ok {
				take(a, from, to)
			}
		}
	}
	decls(f.Decls, f.Pos(), f.End())
	from := map[*ast.StructLit]token.Pos{} // findings about a struct stand at its label
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructLit:
			at := n.Pos()
			if label, ok := from[n]; ok {
				at = label
			}
			decls(n.Elts, at, n.End())
		case *ast.Field:
			if s, ok := n.Value.(*ast.StructLit); ok {
				from[s] = n.Pos()
			}
			for _, a := range n.Attrs {
				take(a, n.Pos(), n.End())
			}
		}
		return true
	}, nil)
	// An attribute at the top may stand before all that a file begins with.
	for i := range out {
		if out[i].from == (Place{}) {
			out[i].from = Place{File: out[i].place.File, Line: 1, Col: 1}
		}
	}
	return out
}

// parseIgnore reads what stands between the parentheses of an attribute.
func parseIgnore(body string) ignore {
	var i ignore
	code := regexp.MustCompile(`^RVO[0-9]{3}$`)
	for _, part := range splitWords(body) {
		key, value, ok := strings.Cut(part, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if text, err := literal.Unquote(value); err == nil {
			value = text
		}
		switch {
		case !ok:
			i.fault = part + " says nothing"
		case key == "ignore":
			for c := range strings.FieldsSeq(strings.ReplaceAll(value, ",", " ")) {
				if !code.MatchString(c) {
					i.fault = c + " is no code of a finding"
					continue
				}
				i.codes = append(i.codes, c)
			}
		case key == "reason":
			i.reason = strings.TrimSpace(value)
		default:
			i.fault = "@rvo has no " + key
		}
	}
	if len(i.codes) == 0 && i.fault == "" {
		i.fault = "@rvo ignores no code"
	}
	return i
}

// splitWords splits at commas that are not inside quotes.
func splitWords(body string) []string {
	var out []string
	var b strings.Builder
	quoted, escaped := false, false
	for _, r := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
			continue
		}
		b.WriteRune(r)
	}
	if last := strings.TrimSpace(b.String()); last != "" {
		out = append(out, last)
	}
	return out
}
