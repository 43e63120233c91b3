package dsl

import (
	"fmt"
	"regexp"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	cueerrors "cuelang.org/go/cue/errors"
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

// tagIn returns the tag that the name of a field waits for: {(_site): …} and {"cam_\(_site)": …} have no name before it is given.
func (w *walker) tagIn(p token.Pos) (tag, bool) {
	names := map[string]bool{}
	for _, f := range w.files {
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if ok && p.IsValid() && p.Filename() == f.Filename && field.Label.Pos().Offset() <= p.Offset() && p.Offset() < field.Label.End().Offset() {
				ast.Walk(field.Label, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						names[id.Name] = true
					}
					return true
				}, nil)
			}
			return true
		}, nil)
	}
	for _, t := range w.tags {
		if names[t.label] {
			return t, true
		}
	}
	return tag{}, false
}

// notGiven says that a tag has no value, and what needs one.
func (w *walker) notGiven(t tag, path string, needs Related) Finding {
	return Finding{
		Code: CodeTag, Path: path, Place: t.place(w.src), Related: []Related{needs},
		Message: fmt.Sprintf("tag %s is not given", t.name), Hint: fmt.Sprintf("give it with -t %s=…", t.name),
	}
}

// tagValue says that a tag was given a value that its field cannot take; false where what kept an instance from being loaded
// is something else.
func tagValue(src *sources, inst *build.Instance, given []string) (Finding, bool) {
	said := regexp.MustCompile(`^invalid (number|int|boolean|type).* for injection tag "([^"]+)"`)
	var m []string
	for _, e := range cueerrors.Errors(inst.Err) {
		if m = said.FindStringSubmatch(rawText(e)); m != nil {
			break
		}
	}
	if m == nil {
		return Finding{}, false
	}
	kind := map[string]string{"number": "a number", "int": "a whole number", "boolean": "true or false"}[m[1]]
	f := Finding{Code: CodeTag, Message: fmt.Sprintf("tag %s has a type that no value has", m[2])}
	for _, g := range given {
		if name, value, _ := strings.Cut(g, "="); name == m[2] && kind != "" {
			f.Message = fmt.Sprintf("tag %s must be %s, not %q", name, kind, value)
			f.Hint = fmt.Sprintf("it is given with -t %s=…", name)
		}
	}
	for _, t := range tagsOf(inst, nil) {
		if t.name == m[2] {
			f.Place = t.place(src)
		}
	}
	return f, true
}
