package arch

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/token"
	"strings"
	"testing"
)

// checkPackageComments reports packages without exactly one comment.
func checkPackageComments(t *tree) []string {
	comments := map[string][]*ast.CommentGroup{}
	files := map[string]int{}
	programs := map[string]bool{} // outside cmd there are some beside what they measure
	for _, f := range t.files {
		if f.test {
			continue
		}
		files[f.pkg]++
		programs[f.pkg] = f.ast.Name.Name == "main"
		if f.ast.Doc != nil && f.ast.Doc.Text() != "" {
			comments[f.pkg] = append(comments[f.pkg], f.ast.Doc)
		}
	}
	var out []string
	for _, p := range t.packages() {
		if files[p] == 0 {
			continue
		}
		switch cs := comments[p]; len(cs) {
		case 0:
			out = append(out, fmt.Sprintf("package %s has no comment: write what it is, three lines of use, what it never does, who owns its goroutines", p))
		case 1:
			text := cs[0].Text()
			name := p[strings.LastIndexByte(p, '/')+1:]
			command := strings.HasPrefix(p, "cmd/") && !strings.Contains(p, "/internal/")
			if !command && !programs[p] && !strings.HasPrefix(text, "Package ") {
				out = append(out, fmt.Sprintf("%s: the comment of %s does not start with \"Package %s\"", t.at(cs[0]), p, name))
			}
		default:
			out = append(out, fmt.Sprintf("package %s has %d comments, one at %s and one at %s: keep one", p, len(cs), t.at(cs[0]), t.at(cs[1])))
		}
	}
	return out
}

// checkDocs reports exported names without a sentence that starts with the name and ends with a full stop.
func checkDocs(t *tree) []string {
	var out []string
	for _, f := range t.files {
		if f.test || generated(f.ast) {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
					out = append(out, sentence(t, d, d.Name.Name, d.Doc)...)
				}
			case *ast.GenDecl:
				out = append(out, declared(t, d)...)
			}
		}
	}
	return out
}

// declared looks at types, constants and variables. A group's own comment speaks for its members.
func declared(t *tree, d *ast.GenDecl) []string {
	var out []string
	above := "" // a doc may speak for the next line too, where it names it
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			c := s.Doc
			if c == nil {
				c = d.Doc
			}
			if s.Name.IsExported() {
				out = append(out, sentence(t, s, s.Name.Name, c)...)
			}
		case *ast.ValueSpec:
			if !s.Names[0].IsExported() || d.Tok == token.IMPORT {
				continue
			}
			switch {
			case s.Doc == nil && strings.Contains(above, s.Names[0].Name):
			case s.Doc != nil:
				above = s.Doc.Text()
				out = append(out, sentence(t, s, s.Names[0].Name, s.Doc)...)
			case d.Lparen == token.NoPos:
				out = append(out, sentence(t, s, s.Names[0].Name, d.Doc)...)
			case d.Doc == nil && s.Comment == nil:
				out = append(out, fmt.Sprintf("%s: exported %s has no doc, nor has its group: write a sentence that starts with its name", t.at(s), s.Names[0].Name))
			}
		}
	}
	return out
}

func sentence(t *tree, n ast.Node, name string, c *ast.CommentGroup) []string {
	if c == nil || strings.TrimSpace(c.Text()) == "" {
		return []string{fmt.Sprintf("%s: exported %s has no doc: write a sentence that starts with its name", t.at(n), name)}
	}
	text := strings.TrimSpace(c.Text())
	if first, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), " "); strings.Trim(first, ",:;.'") != name && !strings.HasPrefix(text, "A "+name) && !strings.HasPrefix(text, "An "+name) && !strings.HasPrefix(text, "Deprecated:") {
		return []string{fmt.Sprintf("%s: the doc of %s starts with %q: start with the name", t.at(n), name, first)}
	}
	// Code blocks and lists end as they like; the first paragraph is prose.
	var p comment.Parser
	doc := p.Parse(text)
	if len(doc.Content) > 0 {
		para, _, _ := strings.Cut(text, "\n\n")
		if last := para[len(para)-1]; !strings.ContainsRune(".:)", rune(last)) {
			return []string{fmt.Sprintf("%s: the doc of %s does not end with a full stop", t.at(n), name)}
		}
	}
	return nil
}

func exportedReceiver(l *ast.FieldList) bool {
	typ := l.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func generated(f *ast.File) bool { return ast.IsGenerated(f) }

func TestPackageComments(t *testing.T) { report(t, checkPackageComments(repository(t))) }
func TestExportedDocs(t *testing.T)    { report(t, checkDocs(repository(t))) }

func TestPackageCommentsFind(t *testing.T) {
	finds(t, checkPackageComments, []planted{
		{"one", map[string]string{"a/a.go": "// Package a is.\npackage a\n", "a/b.go": "package a\n"}, nil},
		{"none", map[string]string{"a/a.go": "package a\n"}, []string{"package a has no comment"}},
		{"two", map[string]string{"a/a.go": "// Package a is.\npackage a\n", "a/b_x.go": "//go:build x\n\n// Package a is too.\npackage a\n"}, []string{"package a has 2 comments"}},
		{"not one", map[string]string{"a/a.go": "// Some words.\npackage a\n"}, []string{`does not start with "Package a"`}},
		{"build tag is no comment", map[string]string{"a/a.go": "//go:build x\n\npackage a\n"}, []string{"package a has no comment"}},
	})
}

func TestExportedDocsFind(t *testing.T) {
	finds(t, checkDocs, []planted{
		{"fine", map[string]string{"a/a.go": "package a\n// F does.\nfunc F() {}\n// The kinds.\nconst (\n\tA = 1\n\tB = 2\n)\n// T is.\ntype T struct{}\nfunc (t T) low() {}\ntype u int\nfunc (u) Up() {}\n"}, nil},
		{"no doc", map[string]string{"a/a.go": "package a\nfunc F() {}\n"}, []string{"exported F has no doc"}},
		{"other name", map[string]string{"a/a.go": "package a\n// G does.\nfunc F() {}\n"}, []string{`the doc of F starts with "G"`}},
		{"no full stop", map[string]string{"a/a.go": "package a\n// F does\nfunc F() {}\n"}, []string{"does not end with a full stop"}},
		{"method", map[string]string{"a/a.go": "package a\n// T is.\ntype T[P any] struct{}\nfunc (t *T[P]) M() {}\n"}, []string{"exported M has no doc"}},
		{"two under one doc", map[string]string{"a/a.go": "package a\nconst (\n\t// A and B bound.\n\tA = 1\n\tB = 2\n)\n"}, nil},
		{"constant in a bare group", map[string]string{"a/a.go": "package a\nconst (\n\tA = 1\n)\n"}, []string{"exported A has no doc"}},
	})
}
