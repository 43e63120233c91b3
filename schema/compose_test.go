package schema

import (
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

func compose(t *testing.T, parts ...Part) string {
	t.Helper()
	text, err := Compose(parts)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestComposeCompiles(t *testing.T) {
	text := compose(t,
		Part{Role: "detector", Name: "motion", Doc: "level of change\n\nMore words.", Options: "package x\n\n// O.\n#Options: {\n\t// Areas.\n\tareas?: [...#Area]\n\tthreshold?: #Unit\n}\n#Area: {x!: #Unit, then?: #Area}\n"},
		Part{Role: "camera", Name: "motion", Doc: "the same name in another role", Options: "#Options: {path!: string}"},
		Part{Role: "sink", Name: "stdout", Doc: "prints", Options: "#Options: {}"},
	)
	v := cuecontext.New().CompileString(text)
	if err := v.Validate(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{
		"motion?: #MotionDetector\n", "motion?: #MotionCamera\n", "stdout?: #StdoutSink\n", "// level of change\n",
		"areas?: [...#MotionDetectorArea]", "then?: #MotionDetectorArea", "// Areas.", "threshold?: #Unit",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("composed schema lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "kinds:") {
		t.Error("a mark for kinds is left")
	}
}

func TestComposeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		part Part
		want string
	}{
		"role":          {Part{Role: "lens", Name: "x", Doc: "d", Options: "#Options: {}"}, "must be camera, detector or sink"},
		"name":          {Part{Role: "camera", Name: "X y", Doc: "d", Options: "#Options: {}"}, "lower case letters and digits"},
		"field's name":  {Part{Role: "camera", Name: "fps", Doc: "d", Options: "#Options: {}"}, "name is taken"},
		"syntax":        {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {"}, "expected"},
		"no options":    {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Other: {}"}, "do not declare #Options"},
		"plain field":   {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {}\na: 1"}, "something beside definitions"},
		"import":        {Part{Role: "camera", Name: "x", Doc: "d", Options: "import \"net\"\n#Options: a: net.IP"}, "import a package"},
		"open":          {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {a: {...}}"}, "..."},
		"comprehension": {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {a?: int, if a != _|_ {b!: int}}"}, "comprehension"},
		"core":          {Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {a?: #Event}"}, "uses #Event"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compose([]Part{tc.part})
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "options use", "uses"), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	if _, err := Compose([]Part{{Role: "sink", Name: "x", Options: "#Options: {}"}, {Role: "sink", Name: "x", Options: "#Options: {}"}}); err == nil {
		t.Error("two kinds of one name were accepted")
	}
}

// A list may be open: [...#Area] is how lists are written.
func TestComposeAllowsLists(t *testing.T) {
	compose(t, Part{Role: "camera", Name: "x", Doc: "d", Options: "#Options: {a?: [...int]}"})
}

// The order of the parts does not show: the schema is a function of the set.
func TestComposeIsStable(t *testing.T) {
	a := Part{Role: "camera", Name: "a", Doc: "d", Options: "#Options: {}"}
	b := Part{Role: "detector", Name: "b", Doc: "d", Options: "#Options: {}"}
	if compose(t, a, b) != compose(t, b, a) {
		t.Error("the order of the parts changes the schema")
	}
}

// A detector has the signals of its kind to refer to: those that the kind always gives, or those that its options declare.
func TestComposeReferences(t *testing.T) {
	text := compose(t,
		Part{Role: "detector", Name: "motion", Options: "#Options: {}", Emits: []Emit{{Name: "level", Doc: "share"}, {Name: "boxes"}}},
		Part{Role: "detector", Name: "external", Options: "#Options: {signals!: [string]: {type!: string}}"},
		Part{Role: "detector", Name: "quiet", Options: "#Options: {}"},
	)
	ctx := cuecontext.New()
	pipeline := ctx.CompileString(text).LookupPath(cue.ParsePath("#Pipeline"))
	for ref, want := range map[string]string{
		"m.emits.level.ref": "m.level", "m.emits.boxes.ref": "m.boxes", "door.emits.open.ref": "door.open",
		"m.emits.levle.ref": "", "door.emits.shut.ref": "", "q.emits.level.ref": "",
	} {
		user := ctx.CompileString("detectors: {m: {motion: {}, fps: 1}, door: {external: signals: open: type: \"bool\", fps: 1}, q: {quiet: {}, fps: 1}}\n" +
			"events: e: when: signal: detectors." + ref + "\n")
		got, err := user.Unify(pipeline).LookupPath(cue.ParsePath("events.e.when.signal")).String()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v, want %q", ref, got, err, want)
		}
	}
	// No detector is opened by it: what it does not know is refused.
	open := ctx.CompileString("detectors: m: {motion: {}, fps: 1, zzz: 1}").Unify(pipeline)
	if err := open.Validate(); err == nil {
		t.Error("an unknown field of a detector was accepted")
	}
}
