package dsl

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"
)

// tag is a field that takes its value from the command line and did not get one.
type tag struct {
	name  string
	label string // the field's
	pos   token.Pos
}

func (t tag) place(src *sources) Place { return src.place(t.pos) }

// tagsOf lists the tags of a pipeline's files that were not given.
func tagsOf(inst *build.Instance, given []string) []tag {
	has := map[string]bool{}
	for _, g := range given {
		name, _, _ := strings.Cut(g, "=")
		has[name] = true
	}
	var tags []tag
	for _, f := range inst.Files {
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			for _, a := range field.Attrs {
				key, body := a.Split()
				name, _, _ := strings.Cut(body, ",")
				name = strings.TrimSpace(name)
				if label, _, err := ast.LabelName(field.Label); key == "tag" && err == nil && !has[name] {
					tags = append(tags, tag{name: name, label: label, pos: a.Pos()})
				}
			}
			return true
		}, nil)
	}
	return tags
}

// tagFor returns the tag that a value is waiting for: one whose field its expression names, or the only one there is.
func (w *walker) tagFor(v cue.Value) (tag, bool) {
	names := map[string]bool{}
	collect := func(v cue.Value) {
		if src := v.Source(); src != nil {
			ast.Walk(src, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					names[id.Name] = true
				}
				return true
			}, nil)
		}
	}
	collect(v)
	for _, o := range w.src.operands(v) {
		collect(o)
	}
	for _, t := range w.tags {
		if names[t.label] {
			return t, true
		}
	}
	return tag{}, false
}
