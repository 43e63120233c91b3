package signal

import (
	"regexp"
	"testing"
)

func TestNameOf(t *testing.T) {
	for wire, want := range map[string]string{
		"PersonDetected":  "person_detected",
		"FacePresent":     "face_present",
		"Motion":          "motion",
		"person_detected": "person_detected",
		"HTTPServer2Up":   "http_server2_up",
		"X":               "x",
		"faceID":          "face_id",
		"/face-score/max": "face_score_max",
		"__Gate__":        "gate",
		"2Faces":          "n2_faces",
		"türe":            "t_re",
		"---":             "",
		"":                "",
	} {
		if got := NameOf(wire); got != want {
			t.Errorf("%q becomes %q, want %q", wire, got, want)
		}
	}
}

// FuzzNameOf: what comes out is a name of the language, or nothing, and stays as it is.
func FuzzNameOf(f *testing.F) {
	f.Add("PersonDetected")
	f.Add("a\xffB9c_ _D")
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	f.Fuzz(func(t *testing.T, wire string) {
		id := NameOf(wire)
		if id != "" && !name.MatchString(id) {
			t.Errorf("%q becomes %q, which is no name", wire, id)
		}
		if again := NameOf(id); again != id {
			t.Errorf("%q becomes %q, and that %q", wire, id, again)
		}
	})
}
