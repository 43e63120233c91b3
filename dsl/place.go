package dsl

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// node is one value of the evaluated pipeline, kept so that its place can be looked up when it is needed: finding it
// costs more than evaluating it, and most values are never complained about.
type node struct{ v cue.Value }

// place returns where the user wrote the value: at its label.
func (n node) place(src *sources) Place {
	for _, o := range src.operands(n.v) {
		if p := src.place(labelPos(o)); p != (Place{}) {
			return p
		}
	}
	return src.place(n.v.Pos())
}

// valuePlace returns where the user wrote the value itself.
func (n node) valuePlace(src *sources) Place {
	for _, o := range src.operands(n.v) {
		if p := src.place(valuePos(o)); p != (Place{}) {
			return p
		}
	}
	return src.place(n.v.Pos())
}

// operands returns what the user's files contribute to a value, the nearest first: the values that were unified to make
// it, without those of the schema. The position of a struct or a list is the schema's own, which is why it is taken
// apart.
func (s *sources) operands(v cue.Value) []cue.Value {
	var out []cue.Value
	var visit func(v cue.Value, depth int)
	visit = func(v cue.Value, depth int) {
		op, args := v.Expr()
		if op == cue.AndOp && depth < maxDepth {
			for _, a := range args {
				visit(a, depth+1)
			}
			return
		}
		if s.users(v.Pos()) || s.users(labelPos(v)) {
			out = append(out, v)
		}
	}
	visit(v, 0)
	return out
}

// maxDepth bounds how far unifications inside unifications are taken apart.
const maxDepth = 8

func labelPos(v cue.Value) token.Pos {
	if f, ok := v.Source().(*ast.Field); ok {
		return f.Label.Pos()
	}
	return v.Pos()
}

func valuePos(v cue.Value) token.Pos {
	if f, ok := v.Source().(*ast.Field); ok {
		return f.Value.Pos()
	}
	if src := v.Source(); src != nil && src.Pos().IsValid() {
		return src.Pos()
	}
	return v.Pos()
}

// errorPlace returns the user's place that an error names, or otherwise.
func (s *sources) errorPlace(err cueerrors.Error, otherwise Place) Place {
	for _, pos := range append([]token.Pos{err.Position()}, err.InputPositions()...) {
		if p := s.place(pos); p != (Place{}) {
			return p
		}
	}
	return otherwise
}
