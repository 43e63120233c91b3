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
