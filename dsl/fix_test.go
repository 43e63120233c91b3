package dsl_test

import (
	"strings"
	"testing"

	"rvo.dev/dsl"
)

// An edit that comes with a finding mends it, and there is none where nobody can know what was meant or the text stands
// elsewhere.
func TestFixes(t *testing.T) {
	text := testSchema(t)
	const head = "apiVersion: \"rvo/v1\"\ncameras: gate: file: path: \"x\"\ndetectors: motion: {motion: {}, fps: 5}\n" +
		"events: e: when: {signal: \"motion.level\", gte: 0.5}\n"
	for name, c := range map[string]struct {
		line string
		want string // the new text, empty for no edit
	}{
		"field":        {"cameras: gate: fsp: 5", "fps"},
		"kind":         {"cameras: b: fiel: path: \"y\"", "file"},
		"word":         {"events: e: severity: \"criticl\"", `"critical"`},
		"number":       {"events: e: hold: 5", `"5s"`},
		"text":         {"events: e: hold: \"5\"", `"5s"`},
		"reference":    {"events: f: when: {signal: detectors.motion.emits.levle.ref, gte: 1}", "level"},
		"far field":    {"cameras: gate: zzzzz: 5", ""},
		"far word":     {"events: e: severity: \"loud\"", ""},
		"another unit": {"events: e: hold: \"5 days\"", ""},
		"computed":     {"_n: \"fsp\"\ncameras: gate: (_n): 5", ""},
	} {
		source := head + c.line + "\n"
		_, fs := load(t, source, dsl.Options{Schema: text})
		if len(fs) != 1 {
			t.Errorf("%s: findings %v", name, fs)
			continue
		}
		fix := fs[0].Fix
		if (fix == nil) != (c.want == "") || fix != nil && fix.New != c.want {
			t.Errorf("%s: edit %+v, want %q", name, fix, c.want)
			continue
		}
		if fix == nil {
			continue
		}
		lines := strings.Split(source, "\n")
		line := lines[fix.Place.Line-1]
		if !strings.HasPrefix(line[fix.Place.Col-1:], fix.Old) {
			t.Errorf("%s: %q does not stand at %s", name, fix.Old, fix.Place)
			continue
		}
		lines[fix.Place.Line-1] = line[:fix.Place.Col-1] + fix.New + line[fix.Place.Col-1+len(fix.Old):]
		if _, fs := load(t, strings.Join(lines, "\n"), dsl.Options{Schema: text}); len(fs) > 0 {
			t.Errorf("%s: after the edit: %v", name, fs)
		}
	}
}
