package schema

import (
	"strings"
	"testing"

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
		Part{"detector", "motion", "level of change\n\nMore words.", "package x\n\n// O.\n#Options: {\n\t// Areas.\n\tareas?: [...#Area]\n\tthreshold?: #Unit\n}\n#Area: {x!: #Unit, then?: #Area}\n"},
		Part{"camera", "motion", "the same name in another role", "#Options: {path!: string}"},
		Part{"sink", "stdout", "prints", "#Options: {}"},
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
		"role":          {Part{"lens", "x", "d", "#Options: {}"}, "must be camera, detector or sink"},
		"name":          {Part{"camera", "X y", "d", "#Options: {}"}, "lower case letters and digits"},
		"field's name":  {Part{"camera", "fps", "d", "#Options: {}"}, "name is taken"},
		"syntax":        {Part{"camera", "x", "d", "#Options: {"}, "expected"},
		"no options":    {Part{"camera", "x", "d", "#Other: {}"}, "do not declare #Options"},
		"plain field":   {Part{"camera", "x", "d", "#Options: {}\na: 1"}, "something beside definitions"},
		"import":        {Part{"camera", "x", "d", "import \"net\"\n#Options: a: net.IP"}, "import a package"},
		"open":          {Part{"camera", "x", "d", "#Options: {a: {...}}"}, "..."},
		"comprehension": {Part{"camera", "x", "d", "#Options: {a?: int, if a != _|_ {b!: int}}"}, "comprehension"},
		"core":          {Part{"camera", "x", "d", "#Options: {a?: #Event}"}, "uses #Event"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compose([]Part{tc.part})
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "options use", "uses"), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	if _, err := Compose([]Part{{"sink", "x", "d", "#Options: {}"}, {"sink", "x", "d", "#Options: {}"}}); err == nil {
		t.Error("two kinds of one name were accepted")
	}
}

// A list may be open: [...#Area] is how lists are written.
func TestComposeAllowsLists(t *testing.T) {
	compose(t, Part{"camera", "x", "d", "#Options: {a?: [...int]}"})
}

// The order of the parts does not show: the schema is a function of the set.
func TestComposeIsStable(t *testing.T) {
	a := Part{"camera", "a", "d", "#Options: {}"}
	b := Part{"detector", "b", "d", "#Options: {}"}
	if compose(t, a, b) != compose(t, b, a) {
		t.Error("the order of the parts changes the schema")
	}
}
