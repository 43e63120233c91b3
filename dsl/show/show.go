// Package show writes pipelines out again as CUE: a file in its one form, and a whole pipeline as it was evaluated, with
// the defaults if asked.
//
//	text, findings := show.Source(dir, "gate.cue", data) // rvo fmt
//	text, err := show.Pipeline(doc)                      // rvo print
//	text, err := show.Defaults(doc, spec, g)             // rvo print --defaults
//
// What it writes is a pipeline again, equal to what was read. Secrets stay references, and credentials in URIs are hidden.
// The package reads no file and starts no goroutine.
package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"

	"rvo.dev/dsl"
	"rvo.dev/schema"
)

// wide is how long a value below a node may be to stand on one line.
const wide = 96

// Pipeline returns what was written, evaluated, as CUE: nodes by id and fields in the language's order, what a kind's
// options hold by name. The document must have no finding at error level.
func Pipeline(doc *dsl.Document) ([]byte, error) {
	p := doc.Pipeline
	if err := options(doc, &p, nil); err != nil {
		return nil, err
	}
	return write(p, nil)
}

// write returns a pipeline as CUE, with remarks on the values at these paths.
func write(p schema.Pipeline, notes map[string]string) ([]byte, error) {
	w := &writer{notes: notes}
	if err := w.fields("", reflect.ValueOf(p)); err != nil {
		return nil, err
	}
	out, err := format.Source([]byte(dsl.Redact(w.b.String())))
	if err != nil {
		return nil, fmt.Errorf("pipeline as CUE: %w", err)
	}
	return out, nil
}

// writer writes values as CUE that is right and that the formatter then indents.
type writer struct {
	b     bytes.Buffer
	notes map[string]string
}

// fields writes the fields of a struct of package schema, one a line: its kinds first, then those that are given.
func (w *writer) fields(path string, v reflect.Value) error {
	if k := v.FieldByName("Kinds"); k.IsValid() {
		for name, options := range sorted(k.Interface().(schema.Kinds)) {
			d := json.NewDecoder(bytes.NewReader(options))
			d.UseNumber()
			var data any
			if err := d.Decode(&data); err != nil {
				return fmt.Errorf("%s: %w", join(path, name), err)
			}
			if err := w.field(join(path, name), name, reflect.ValueOf(data)); err != nil {
				return err
			}
		}
	}
	t := v.Type()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" || absent(v.Field(i)) {
			continue
		}
		if path == "" && w.b.Len() > 0 {
			w.b.WriteString("\n")
		}
		if err := w.field(join(path, name), name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// field writes one field with its remark: behind a scalar, above anything else.
func (w *writer) field(path, name string, v reflect.Value) error {
	note, scalar := w.notes[path], isScalar(v)
	if note != "" && !scalar {
		w.b.WriteString("// " + note + "\n")
	}
	w.b.WriteString(label(name) + ": ")
	if err := w.value(path, v); err != nil {
		return err
	}
	if note != "" && scalar {
		w.b.WriteString(" // " + note)
	}
	w.b.WriteString("\n")
	return nil
}

func isScalar(v reflect.Value) bool {
	for (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
		v = v.Elem()
	}
	if _, ok := reflect.TypeAssert[json.RawMessage](v); ok {
		return true
	}
	return v.Kind() != reflect.Struct && v.Kind() != reflect.Map && v.Kind() != reflect.Slice
}

// value writes a value, on one line where it is short, lies below a node and nothing in it has a remark.
func (w *writer) value(path string, v reflect.Value) error {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			w.b.WriteString("null")
			return nil
		}
		v = v.Elem()
	}
	if raw, ok := reflect.TypeAssert[json.RawMessage](v); ok {
		w.b.Write(raw) // a scalar: JSON's are CUE's
		return nil
	}
	if n, ok := reflect.TypeAssert[json.Number](v); ok {
		w.b.WriteString(n.String())
		return nil
	}
	if k := v.Kind(); k == reflect.Struct || k == reflect.Map {
		start := w.b.Len()
		w.b.WriteString("{\n")
		err := w.inside(path, v)
		w.b.WriteString("}")
		w.fold(path, start)
		return err
	} else if k == reflect.Slice {
		return w.list(path, v)
	} else if k == reflect.String {
		w.b.WriteString(literal.String.Quote(v.String()))
		return nil
	}
	data, err := json.Marshal(v.Interface())
	w.b.Write(data)
	return err
}

// inside writes what a struct or a map holds.
func (w *writer) inside(path string, v reflect.Value) error {
	if v.Kind() == reflect.Struct {
		return w.fields(path, v)
	}
	for _, k := range keys(v) {
		if err := w.field(join(path, k), k, v.MapIndex(reflect.ValueOf(k))); err != nil {
			return err
		}
	}
	return nil
}

// list writes a list, its structs on lines of their own where they are too much for one.
func (w *writer) list(path string, v reflect.Value) error {
	var parts []string
	length, structs := 0, false
	for i := range v.Len() {
		part := &writer{notes: w.notes}
		if err := part.value(fmt.Sprintf("%s.%d", path, i), v.Index(i)); err != nil {
			return err
		}
		parts = append(parts, part.b.String())
		length += part.b.Len()
		structs = structs || part.b.Bytes()[0] == '{'
	}
	if structs && (length > wide || strings.Contains(strings.Join(parts, ""), "\n")) {
		w.b.WriteString("[\n" + strings.Join(parts, ",\n") + ",\n]")
		return nil
	}
	w.b.WriteString("[" + strings.Join(parts, ", ") + "]")
	return nil
}

// fold puts the struct that was written since start on one line where that reads better.
func (w *writer) fold(path string, start int) {
	text := w.b.String()[start:]
	if text == "{\n}" {
		w.b.Truncate(start)
		w.b.WriteString("{}")
		return
	}
	if strings.Count(path, ".") < 2 || strings.Contains(text, "// ") || strings.Contains(text, "[\n") {
		return
	}
	line := "{" + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(text, "{\n"), "\n}"), "\n", ", ") + "}"
	if len(line) <= wide {
		w.b.Truncate(start)
		w.b.WriteString(line)
	}
}

// absent reports whether a field was not given.
func absent(v reflect.Value) bool {
	return slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface}, v.Kind()) && v.IsNil()
}

// keys returns the keys of a map by name.
func keys(v reflect.Value) []string {
	var out []string
	for _, k := range v.MapKeys() {
		out = append(out, k.String())
	}
	slices.Sort(out)
	return out
}

// sorted goes through a map by name.
func sorted[V any](m map[string]V) func(func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// label returns a field's name as CUE: quoted where it is no identifier.
func label(name string) string {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return literal.String.Quote(name)
		}
	}
	if name == "" || strings.HasPrefix(name, "_") || slices.Contains([]string{"true", "false", "null", "if", "let"}, name) {
		return literal.String.Quote(name)
	}
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
