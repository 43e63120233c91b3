package dsl

import (
	"bytes"
	"slices"

	"cuelang.org/go/cue/ast"
)

// refers reports whether a pipeline may refer to signals as detectors.motion.emits.level.ref. A package whose files are known
// only after loading may.
func refers(src *sources, t *target) bool {
	return t.pkg || slices.ContainsFunc(t.files, func(file string) bool {
		data, err := src.read(file)
		return err == nil && bytes.Contains(data, []byte("ref"))
	})
}

// withoutReferences takes the signals that can be referred to out of the schema. They cost evaluation, and a detector that a
// definition of the pipeline's own closes has no room for them, which matters only to those who refer to them.
func withoutReferences(f *ast.File) *ast.File {
	for _, d := range f.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if s, isStruct := field.Value.(*ast.StructLit); err == nil && isStruct && name == "#Detector" {
			s.Elts = slices.DeleteFunc(s.Elts, func(d ast.Decl) bool {
				_, filled := d.(*ast.Comprehension)
				return filled
			})
		}
	}
	return f
}
