package schema

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
)

// structs are the structs of this package, by the definition they mirror.
func structs() map[string]reflect.Type {
	return map[string]reflect.Type{
		"#Pipeline": reflect.TypeFor[Pipeline](), "#Engine": reflect.TypeFor[Engine](), "#Camera": reflect.TypeFor[Camera](),
		"#Detector": reflect.TypeFor[Detector](), "#Signal": reflect.TypeFor[Signal](), "#Cond": reflect.TypeFor[Cond](),
		"#On": reflect.TypeFor[On](), "#AtLeast": reflect.TypeFor[AtLeast](), "#Sequence": reflect.TypeFor[Sequence](),
		"#During": reflect.TypeFor[During](),
		"#Event":  reflect.TypeFor[Event](), "#Evidence": reflect.TypeFor[Evidence](), "#Sink": reflect.TypeFor[Sink](),
		"#Test": reflect.TypeFor[Test](), "#Step": reflect.TypeFor[Step](), "#Box": reflect.TypeFor[Box](),
		"#Expect": reflect.TypeFor[Expect](), "#Forbid": reflect.TypeFor[Forbid](),
	}
}

// The schema and the Go structs name the same fields with the same types, both ways.
func TestStructsMirrorSchema(t *testing.T) {
	root := cuecontext.New().CompileString(core)
	for name, typ := range structs() {
		fields := map[string]cue.Value{}
		it, err := root.LookupPath(cue.ParsePath(name)).Fields(cue.Optional(true))
		if err != nil {
			t.Fatal(name, err)
		}
		for it.Next() {
			fields[it.Selector().Unquoted()] = it.Value()
		}
		names := Fields(reflect.New(typ).Interface())
		if want := slices.Sorted(maps.Keys(fields)); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
			t.Errorf("%s: the struct has %v, the schema %v", name, names, want)
			continue
		}
		for f := range typ.Fields() {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if v, ok := fields[tag]; ok {
				same(t, name+"."+tag, f.Type, v)
			}
		}
	}
	// Every definition of the core that is a struct has one.
	it, err := root.Fields(cue.Definitions(true))
	if err != nil {
		t.Fatal(err)
	}
	for it.Next() {
		name := it.Selector().String()
		if _, ok := structs()[name]; !ok && it.Value().IncompleteKind() == cue.StructKind && name != "#Secret" {
			t.Errorf("%s has no Go struct", name)
		}
	}
}

// same compares a Go type with a schema value.
func same(t *testing.T, path string, typ reflect.Type, v cue.Value) {
	t.Helper()
	if typ == reflect.TypeFor[*json.RawMessage]() || typ == reflect.TypeFor[json.RawMessage]() {
		return // any scalar
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	// A condition inside a condition has no kind when it is looked up: it goes on for ever. Its reference says enough.
	if _, p := v.ReferencePath(); typ.Kind() == reflect.Struct && p.String() == "#"+typ.Name() {
		return
	}
	want := map[reflect.Kind]cue.Kind{
		reflect.String: cue.StringKind, reflect.Bool: cue.BoolKind, reflect.Int: cue.IntKind, reflect.Float64: cue.NumberKind,
		reflect.Slice: cue.ListKind, reflect.Map: cue.StructKind, reflect.Struct: cue.StructKind,
	}[typ.Kind()]
	if got := v.IncompleteKind(); got != want {
		t.Errorf("%s: the struct's %s is a CUE %s, the schema says %s", path, typ, want, got)
	}
	if typ.Kind() != reflect.Map && typ.Kind() != reflect.Struct {
		return
	}
	if typ.Kind() == reflect.Map {
		v, typ = v.LookupPath(cue.MakePath(cue.AnyString)), typ.Elem()
	}
	if typ.Kind() == reflect.Struct {
		_, p := v.ReferencePath()
		if op, args := v.Expr(); op == cue.AndOp {
			_, p = args[0].ReferencePath() // with more said of it here
		}
		if p.String() != "#"+typ.Name() {
			t.Errorf("%s: the struct has %s, the schema %s", path, typ.Name(), p)
		}
	}
}

// Every definition and every field says what it is for: editors show it.
func TestEverythingIsDocumented(t *testing.T) {
	f, err := parser.ParseFile("schema.cue", core, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Walk(f, func(node ast.Node) bool {
		field, ok := node.(*ast.Field)
		if !ok {
			return true
		}
		label, _, err := ast.LabelName(field.Label)
		if err != nil {
			return true // [string]: …
		}
		n++
		doc := false
		for _, c := range ast.Comments(field) {
			doc = doc || c.Doc
		}
		if !doc {
			t.Errorf("line %d: %s has no comment", field.Pos().Line(), label)
		}
		return true
	}, nil)
	if n < 80 {
		t.Errorf("only %d fields were looked at", n)
	}
}

// README.md lists every field of the core language.
func TestReadmeNamesEveryField(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, typ := range structs() {
		for _, field := range Fields(reflect.New(typ).Interface()) {
			if !regexp.MustCompile("`" + field + "`").Match(text) {
				t.Errorf("README.md does not name %s of %s", field, name)
			}
		}
	}
}

func TestKindsAreKept(t *testing.T) {
	var p Pipeline
	err := json.Unmarshal([]byte(`{"apiVersion":"rvo/v1","cameras":{"a":{"fps":5,"file":{"path":"x"}}},
		"detectors":{"m":{"fps":2,"motion":{},"when":{"signal":"a.b"}}},"sinks":{"s":{"stdout":{},"queue":3}}}`), &p)
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Cameras["a"]; *c.FPS != 5 || len(c.Kinds) != 1 || string(c.Kinds["file"]) != `{"path":"x"}` {
		t.Errorf("camera %+v", c)
	}
	if d := p.Detectors["m"]; *d.FPS != 2 || len(d.Kinds) != 1 || *d.When.Signal != "a.b" {
		t.Errorf("detector %+v", d)
	}
	if s := p.Sinks["s"]; *s.Queue != 3 || len(s.Kinds) != 1 {
		t.Errorf("sink %+v", s)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "1m30s": 90 * time.Second, "1.5h": 90 * time.Minute, "2us": 2 * time.Microsecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "0", "-1s", "+1s", "1 s", "1d", "s", "9999999999h", ".5s", "1e3s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{"0B": 0, "1B": 1, "64KiB": 64 << 10, "3MiB": 3 << 20, "2GB": 2e9, "1TiB": 1 << 40, "5kB": 5000} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "B", "-1B", "1.5GiB", "1 GiB", "8388608TiB", "99999999999999999999B", "1gib"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

// scalarAccepts reports whether a scalar definition of the schema accepts a text.
func scalarAccepts(t testing.TB, name string) func(string) bool {
	t.Helper()
	ctx := cuecontext.New()
	def := ctx.CompileString(core).LookupPath(cue.ParsePath(name))
	if def.Err() != nil {
		t.Fatal(def.Err())
	}
	return func(text string) bool { return def.Unify(ctx.Encode(text)).Validate(cue.Concrete(true)) == nil }
}

// What the schema accepts as a duration, the parser reads, and the other way round.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"1s", "1m30s", "250ms", "0s", "5", "-1s", "1.5h", "2µs", "1h1h", "1..5s", "1.s", "99999999999h", "0.0001ns"} {
		f.Add(s)
	}
	accepts, span := scalarAccepts(f, "#Duration"), scalarAccepts(f, "#Span")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if accepts(s) && err != nil {
			t.Errorf("the schema accepts %q, the parser says %v", s, err)
		}
		if err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
		if span(s) && !accepts(s) {
			t.Errorf("%q is a span and no duration", s)
		}
	})
}

// What the schema accepts as a size, the parser reads, unless it is past 2^63.
func FuzzBytes(f *testing.F) {
	for _, s := range []string{"1B", "64MiB", "0B", "5", "-1B", "007KiB", "9223372036854775807B", "9223372036854775808B", "1kB"} {
		f.Add(s)
	}
	accepts, size := scalarAccepts(f, "#Bytes"), scalarAccepts(f, "#Size")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseBytes(s)
		if accepts(s) && err != nil && len(s) < 18 && !strings.Contains(s, "T") && !strings.Contains(s, "G") && !strings.Contains(s, "M") {
			t.Errorf("the schema accepts %q, the parser says %v", s, err)
		}
		if err == nil && (!accepts(s) || n < 0) {
			t.Errorf("the parser reads %q as %d, the schema refuses it", s, n)
		}
		if size(s) && err == nil && n == 0 {
			t.Errorf("%q is a size above 0", s)
		}
	})
}
