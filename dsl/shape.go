package dsl

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// shape is what the schema says about one place in a pipeline. A nil shape is a place it says nothing about.
type shape struct {
	v        cue.Value
	name     string // the definition's, "#Cond"; empty for what has none
	kind     cue.Kind
	fields   map[string]field
	pattern  bool // any name may stand here
	required []string

	// What was found below it, since there are few shapes and many values.
	below   map[string]*shape
	any     *shape // of names that match the pattern
	elem    *shape // of a list's elements
	hasElem bool
}

// field is one field of a struct in the schema.
type field struct {
	v   cue.Value
	doc string
	// always is a field that the schema itself gives, with its default.
	always bool
}

// shapes reads the schema. Definitions are read once: conditions contain conditions without end.
type shapes struct {
	root   cue.Value
	byName map[string]*shape
}

func newShapes(root cue.Value) *shapes { return &shapes{root: root, byName: map[string]*shape{}} }

// pipeline returns the shape of a whole pipeline.
func (s *shapes) pipeline() *shape {
	return s.of(s.root.LookupPath(cue.ParsePath("#Pipeline")), "#Pipeline")
}

// of returns the shape of a schema value, which is known as name if that is not empty.
func (s *shapes) of(v cue.Value, name string) *shape {
	if name == "" {
		_, p := v.ReferencePath()
		if op, args := v.Expr(); op == cue.AndOp && v.IncompleteKind() == cue.StructKind {
			_, p = args[0].ReferencePath() // a definition with more said of it
		}
		if len(p.Selectors()) == 1 {
			name = p.String()
			v = s.root.LookupPath(p)
		}
	}
	if name != "" {
		if known, ok := s.byName[name]; ok {
			return known
		}
	}
	if !v.Exists() {
		return nil
	}
	sh := &shape{v: v, name: name, kind: v.IncompleteKind(), fields: map[string]field{}}
	if name != "" {
		s.byName[name] = sh
	}
	if sh.kind == cue.StructKind {
		it, err := v.Fields(cue.Optional(true))
		for err == nil && it.Next() {
			sel := it.Selector()
			f := field{v: it.Value(), always: sel.ConstraintType() == 0}
			for _, d := range it.Value().Doc() {
				f.doc = strings.TrimSpace(d.Text())
			}
			sh.fields[sel.Unquoted()] = f
			if sel.ConstraintType() == cue.RequiredConstraint {
				sh.required = append(sh.required, sel.Unquoted())
			}
		}
		slices.Sort(sh.required)
		sh.pattern = v.LookupPath(cue.MakePath(cue.AnyString)).Exists()
	}
	return sh
}

// field returns the shape below a struct's field; false where the schema has no such field.
func (s *shapes) field(sh *shape, name string) (*shape, bool) {
	if known, ok := sh.below[name]; ok {
		return known, true
	}
	if f, ok := sh.fields[name]; ok {
		if sh.below == nil {
			sh.below = map[string]*shape{}
		}
		sh.below[name] = s.of(f.v, "")
		return sh.below[name], true
	}
	if sh.pattern {
		if sh.any == nil {
			sh.any = s.of(sh.v.LookupPath(cue.MakePath(cue.AnyString)), "")
		}
		return sh.any, true
	}
	return nil, sh.v.Allows(cue.Str(name))
}

// element returns the shape of a list's elements.
func (s *shapes) element(sh *shape) *shape {
	if !sh.hasElem {
		sh.elem, sh.hasElem = s.of(sh.v.LookupPath(cue.MakePath(cue.AnyIndex)), ""), true
	}
	return sh.elem
}

// names returns the names of the fields of a struct.
func (sh *shape) names() []string {
	var names []string
	for name := range sh.fields {
		names = append(names, name)
	}
	return names
}

// called is how a message calls a thing of this shape: "a condition". label is the name it stands under.
func (sh *shape) called(label string) string {
	if sh != nil {
		switch sh.name {
		case "#Pipeline":
			return "a pipeline"
		case "#Cond":
			return "a condition"
		case "#Evidence":
			return "an evidence"
		case "#Event", "#Engine":
			return "an " + strings.ToLower(sh.name[1:])
		case "#Camera", "#Detector", "#Sink", "#Signal", "#Secret":
			return "a " + strings.ToLower(sh.name[1:])
		}
	}
	return label
}
