package arch

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
	"rvo.dev/schema"
)

// checkOptions reports where the CUE definition #Options of a kind and the Go struct it decodes into differ: a field that
// only one of them has is refused by the other, or is a knob that turns nothing.
func checkOptions(k *node.Kind) []string {
	c := &k.Contract
	name := fmt.Sprintf("%s kind %s", c.Role, c.Name)
	text, err := schema.Compose([]schema.Part{{Role: c.Role.String(), Name: c.Name, Doc: c.Doc, Options: c.Options}})
	if err != nil {
		return []string{fmt.Sprintf("%s: its options do not compose with the language: %v", name, err)}
	}
	role := map[node.Role]string{node.RoleCamera: "Camera", node.RoleDetector: "Detector", node.RoleSink: "Sink"}[c.Role]
	v := cuecontext.New().CompileBytes(text)
	o := v.LookupPath(cue.MakePath(cue.Def(role), cue.Str(c.Name).Optional()))
	if err := o.Err(); err != nil {
		return []string{fmt.Sprintf("%s: its options are no CUE: %v", name, err)}
	}
	return alike(name, o, k.OptionsType())
}

func alike(at string, v cue.Value, t reflect.Type) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil // reads text of its own, as durations do
	}
	kind := v.IncompleteKind()
	switch {
	case t.Kind() == reflect.Struct && kind == cue.StructKind:
		return alikeFields(at, v, t)
	case t.Kind() == reflect.Map && kind == cue.StructKind:
		return alike(at+".*", v.LookupPath(cue.MakePath(cue.AnyString)), t.Elem())
	case t.Kind() == reflect.Slice && kind == cue.ListKind:
		if e := v.LookupPath(cue.MakePath(cue.AnyIndex)); e.Exists() {
			return alike(at+".*", e, t.Elem())
		}
		return nil
	case t.Kind() == reflect.Array && kind == cue.ListKind:
		if n, err := v.Len().Int64(); err != nil || n != int64(t.Len()) {
			return []string{fmt.Sprintf("%s: has another length in options.cue than %s: make them one", at, t)}
		}
		return alike(at+".*", v.LookupPath(cue.MakePath(cue.Index(0))), t.Elem())
	case t.Kind() == reflect.Interface || fits(kind, t.Kind()):
		return nil
	}
	return []string{fmt.Sprintf("%s: is %s in options.cue and %s in Go: make them one", at, kind, t)}
}

func alikeFields(at string, v cue.Value, t reflect.Type) []string {
	var out []string
	inGo := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			out = append(out, fmt.Sprintf("%s: Go field %s has no json tag: name it as options.cue does", at, f.Name))
			continue
		}
		inGo[name] = f.Type
	}
	fields, err := v.Fields(cue.Optional(true))
	if err != nil {
		return append(out, fmt.Sprintf("%s: %v", at, err))
	}
	var inCUE []string
	for fields.Next() {
		name := fields.Selector().Unquoted()
		inCUE = append(inCUE, name)
		field, ok := inGo[name]
		if !ok {
			out = append(out, fmt.Sprintf("%s: options.cue has %s and %s has not: a pipeline that sets it is vetted and then cannot run", at, name, t))
			continue
		}
		out = append(out, alike(at+"."+name, fields.Value(), field)...)
	}
	for name := range inGo {
		if !slices.Contains(inCUE, name) {
			out = append(out, fmt.Sprintf("%s: %s has %s and options.cue has not: nobody can set it", at, t, name))
		}
	}
	slices.Sort(out)
	return out
}

// fits reports whether a Go kind takes what a CUE kind gives.
func fits(c cue.Kind, g reflect.Kind) bool {
	switch c {
	case cue.BoolKind:
		return g == reflect.Bool
	case cue.StringKind:
		return g == reflect.String
	case cue.IntKind:
		return g >= reflect.Int && g <= reflect.Uint64 || g == reflect.Float32 || g == reflect.Float64
	case cue.NumberKind, cue.FloatKind:
		return g == reflect.Float32 || g == reflect.Float64
	}
	return false
}

func TestOptionsInStep(t *testing.T) {
	set, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []node.Role{node.RoleCamera, node.RoleDetector, node.RoleSink} {
		for _, k := range set.Of(r) {
			report(t, checkOptions(k))
		}
	}
}

func TestOptionsInStepFinds(t *testing.T) {
	type inner struct {
		Deep int `json:"deep"`
	}
	type options struct {
		Rate   float64           `json:"rate"`
		Wait   node.Duration     `json:"wait"`
		Names  []string          `json:"names"`
		Labels map[string]string `json:"labels"`
		Inner  *inner            `json:"inner"`
		Secret node.Secret       `json:"secret"`
		Pair   [2]float64        `json:"pair"`
	}
	for _, c := range []struct {
		name, cue string
		want      []string
	}{
		{"alike", `#Options: {rate: *1 | #Rate, wait?: #Duration, names?: [...string], labels?: [string]: string, inner?: {deep?: int}, secret?: #Secret, pair?: [#Unit, #Unit]}`, nil},
		{"only in CUE", `#Options: {rate?: #Rate, wait?: #Duration, names?: [...string], labels?: [string]: string, inner?: {deep?: int, wide?: int}, secret?: #Secret, pair?: [#Unit, #Unit]}`, []string{".inner: options.cue has wide"}},
		{"only in Go", `#Options: {rate?: #Rate, wait?: #Duration, names?: [...string], labels?: [string]: string, inner?: {deep?: int}, pair?: [#Unit, #Unit]}`, []string{"has secret and options.cue has not"}},
		{"another type", `#Options: {rate?: string, wait?: #Duration, names?: [...int], labels?: [string]: string, inner?: {deep?: number}, secret?: #Secret, pair?: [#Unit]}`, []string{".inner.deep: is number", ".names.*: is int", ".pair: has another length", ".rate: is string"}},
		{"no CUE", `#Options: {`, []string{"do not compose"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := node.SinkKind[options](node.Contract{Name: "x", Doc: "x", Options: c.cue}, nil)
			got := checkOptions(&k)
			slices.Sort(got)
			if len(got) != len(c.want) {
				t.Fatalf("%d findings, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("finding %d is %q, want %q in it", i, got[i], c.want[i])
				}
			}
		})
	}
}
