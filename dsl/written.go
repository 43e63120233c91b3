package dsl

// Written reports whether the pipeline's own files have a part in the value at path, as opposed to one that the schema
// alone gives, such as the default of a kind's option.
func (d *Document) Written(path string) bool {
	n, ok := d.nodes[path]
	return ok && len(d.src.operands(n.v)) > 0
}
