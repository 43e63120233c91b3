package schema_test

import (
	"strings"
	"testing"

	"cuelang.org/go/cue/format"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rvo.dev/schema"
)

// compileJSON returns the JSON Schema of the core language and a kind of each role.
func compileJSON(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := schema.Compose([]schema.Part{
		{Role: "camera", Name: "file", Options: `#Options: {path!: string, mode?: "a" | "b"}`},
		{Role: "detector", Name: "motion", Options: `#Options: {threshold: *0.1 | #Unit, areas?: [...#Area]}
			#Area: {x!: #Unit}`, Emits: []schema.Emit{{Name: "level"}}},
		{Role: "sink", Name: "stdout", Options: `#Options: {}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := schema.JSONSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"description": "At most this many runs a second on each camera."`, `"$ref": "#/$defs/MotionDetector"`, `"#/$defs/Cond"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("JSON Schema lacks %s", want)
		}
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONSchema(t *testing.T) {
	s := compileJSON(t)
	const head = `"apiVersion":"rvo/v1","cameras":{"gate":{"file":{"path":"x"}}}`
	for text, good := range map[string]bool{
		`{` + head + `}`: true,
		`{` + head + `,"engine":{"cores":2,"ringMemory":"64MiB","lint":{"RVO105":"off"}}}`: true,
		`{` + head + `,"detectors":{"m":{"fps":5,"motion":{"areas":[{"x":0.5}]},"emits":{"level":{"ttl":"1s"}},
			"when":{"all":[{"any":[{"not":{"signal":"a.b","gte":2,"for":"1s"}}]},{"signal":"a.b","eq":"x"}]}}}}`: true,
		`{` + head + `,"events":{"e":{"when":{"expr":"a.b > 1"},"severity":"warning","labels":{"a":"b"}}},
			"tests":{"t":{"steps":[{"set":{"a.b":true},"boxes":{"m.boxes":[{"x":0,"y":0,"w":1,"h":1}]}}],"expect":[{"event":"e","at":"1s"}]}}}`: true,
		`{"apiVersion":"rvo/v2","cameras":{}}`:                                                 false,
		`{"cameras":{}}`:                                                                       false,
		`{` + head + `,"zzz":1}`:                                                               false,
		`{` + head + `,"engine":{"cores":0}}`:                                                  false,
		`{` + head + `,"engine":{"cores":1.5}}`:                                                false,
		`{` + head + `,"engine":{"ringMemory":"0MiB"}}`:                                        false,
		`{` + head + `,"engine":{"lint":{"RVO105":"loud"}}}`:                                   false,
		`{` + head + `,"events":{"e":{"when":{"signal":"a.b"},"hold":"5"}}}`:                   false,
		`{` + head + `,"events":{"e":{"when":{"signal":"a.b"},"severity":"bad"}}}`:             false,
		`{` + head + `,"events":{"e":{"when":{"all":[{"any":[{"signal":"a.b","ltee":1}]}]}}}}`: false,
		`{` + head + `,"events":{"e":{"hold":"1s"}}}`:                                          false,
		`{` + head + `,"detectors":{"m":{"fps":5000,"motion":{}}}}`:                            false,
		`{` + head + `,"detectors":{"m":{"fps":5,"motion":{"areas":[{"x":2}]}}}}`:              false,
		`{` + head + `,"detectors":{"m":{"fps":5,"hog":{}}}}`:                                  false,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(text, err)
		}
		if err := s.Validate(v); (err == nil) != good {
			t.Errorf("%s: %v, want good %v", text, err, good)
		}
	}
}

func TestJSONSchemaRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"#Pipeline: {": "does not compile", "a: 1": "no #Pipeline", "#Pipeline: a?: bytes": "no JSON Schema",
	} {
		if _, err := schema.JSONSchema([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// What a new module begins with is formatted as rvo fmt would.
func TestInitFilesAreFormatted(t *testing.T) {
	files := schema.InitFiles([]byte(schema.Core()))
	if len(files) != 4 {
		t.Errorf("%d files", len(files))
	}
	for name, data := range files {
		if name == schema.VendoredPath {
			continue
		}
		out, err := format.Source(data)
		if err != nil || string(out) != string(data) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
