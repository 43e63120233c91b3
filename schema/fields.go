package schema

import (
	"reflect"
	"strings"
)

// Fields returns the names that node, a struct of this package or a pointer to one, has in the language, in the order
// of the struct. Kinds are not among them.
func Fields(node any) []string {
	t := reflect.TypeOf(node)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
