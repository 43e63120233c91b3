package dsl

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"rvo.dev/schema"
)

// expand puts the tree in the place of every condition that was written as text, so that nobody after it has to know that
// there are two forms. A text that stands beside another operator or a comparison stays: that is a fault of its own, which
// the compiler reports.
func (w *walker) expand() {
	p := &w.doc.Pipeline
	// In a fixed order, because findings of equal places keep theirs.
	for _, id := range sortedKeys(p.Detectors) {
		if d := p.Detectors[id]; d.When != nil {
			w.expandAll(reflect.ValueOf(d.When), "detectors."+id+".when")
		}
	}
	for _, id := range sortedKeys(p.Events) {
		if e := p.Events[id]; e.When != nil {
			w.expandAll(reflect.ValueOf(e.When), "events."+id+".when")
		}
	}
}

// expandAll expands every condition in v, whatever fields of a condition hold conditions.
func (w *walker) expandAll(v reflect.Value, path string) {
	if k := v.Kind(); k == reflect.Pointer && !v.IsNil() {
		w.expandAll(v.Elem(), path)
	} else if k == reflect.Slice {
		for i := range v.Len() {
			w.expandAll(v.Index(i), join(path, strconv.Itoa(i)))
		}
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for f := range v.Type().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			w.expandAll(v.FieldByIndex(f.Index), join(path, name))
		}
	}
	if c, ok := reflect.TypeAssert[*schema.Cond](v.Addr()); ok && c.Expr != nil {
		w.expandOne(c, path)
	}
}

// expandOne expands one condition that has a text.
func (w *walker) expandOne(c *schema.Cond, path string) {
	at := join(path, "expr")
	if w.doc.Faulty(at) || besideExpr(c) {
		return
	}
	src := w.textOf(at)
	e, faults := ParseExpr(*c.Expr)
	for _, f := range faults {
		found := Finding{Code: CodeExpr, Path: at, Place: src.place(f.Offset), Message: f.Message, Hint: f.Hint}
		if !src.exact && f.Offset > 0 {
			found.Message += fmt.Sprintf(" (at %d of the text)", f.Offset+1)
		}
		w.add(w.entry(found))
	}
	if len(faults) > 0 {
		return
	}
	tree := e.Cond
	// What modifies the condition as a whole modifies the tree: none of it can come from the text.
	in, out := reflect.ValueOf(c).Elem(), reflect.ValueOf(&tree).Elem()
	for i := range in.NumField() {
		if name := in.Type().Field(i).Name; name != "Expr" && !in.Field(i).IsZero() {
			out.Field(i).Set(in.Field(i))
		}
	}
	*c = tree
	for sub, offset := range e.Offsets {
		if sub != "" {
			w.doc.texts[join(path, sub)] = src.place(offset)
		}
	}
}

// besideExpr reports whether something stands beside a text that cannot: all but what modifies a condition as a whole.
func besideExpr(c *schema.Cond) bool {
	v := reflect.ValueOf(c).Elem()
	for f := range v.Type().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !slices.Contains([]string{"expr", "for", "within", "unknown"}, name) && !v.FieldByIndex(f.Index).IsZero() {
			return true
		}
	}
	return false
}

// writtenText is where a text stands in the source.
type writtenText struct {
	at    Place  // of the literal
	raw   string // the literal, quotes included; empty where the text was computed
	exact bool
}

// textOf returns where the text at path was written.
func (w *walker) textOf(path string) writtenText {
	t := writtenText{at: w.doc.ValuePlace(path)}
	n, ok := w.doc.nodes[path]
	if !ok {
		return t
	}
	for _, o := range w.src.operands(n.v) {
		src := o.Source()
		if f, ok := src.(*ast.Field); ok {
			src = f.Value
		}
		if b, ok := src.(*ast.BasicLit); ok && b.Kind == token.STRING {
			return writtenText{at: w.src.place(b.Pos()), raw: b.Value, exact: true}
		}
	}
	return t
}

// place returns where the byte at offset of the text stands in the source; the literal's own place where that cannot be
// told.
func (t writtenText) place(offset int) Place {
	if !t.exact {
		return t.at
	}
	raw, ok := rawOffset(t.raw, offset)
	if !ok {
		return t.at
	}
	p := t.at
	if nl := strings.LastIndexByte(t.raw[:raw], '\n'); nl >= 0 {
		p.Line += strings.Count(t.raw[:raw], "\n")
		p.Col = raw - nl
		return p
	}
	p.Col += raw
	return p
}

// rawOffset returns where in a string literal the byte at offset of its value stands. It returns false for a literal with
// escapes that it does not know.
func rawOffset(raw string, offset int) (int, bool) {
	info, start, end, err := literal.ParseQuotes(raw, raw)
	if err != nil {
		return 0, false
	}
	hashes := len(raw) - len(strings.TrimLeft(raw, "#"))
	escape := `\` + raw[:hashes]
	at, stop := start, len(raw)-end
	for n := 0; n < offset; {
		switch {
		case at >= stop:
			return stop, true
		case strings.HasPrefix(raw[at:], escape):
			at += len(escape)
			if at >= stop || !strings.ContainsRune(`abfnrtv/\"'`, rune(raw[at])) {
				return 0, false
			}
			at++
			n++
		case raw[at] == '\n':
			at++
			n++
			// In a text of several lines each begins with the blanks that its last line has, unless it is empty.
			if strings.HasPrefix(raw[at:], info.Whitespace()) {
				at += len(info.Whitespace())
			}
		default:
			at++
			n++
		}
	}
	return at, true
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
