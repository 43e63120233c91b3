package cv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

func TestFindCascade(t *testing.T) {
	data, own := t.TempDir(), t.TempDir()
	for _, f := range []string{"haarcascades/haarcascade_frontalface_default.xml", "lbpcascades/lbpcascade_silverware.xml"} {
		path := filepath.Join(data, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(own, "mine.xml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	e := node.Env{Dir: own}
	for _, c := range []struct{ name, want string }{
		{"frontalface_default", filepath.Join(data, "haarcascades/haarcascade_frontalface_default.xml")},
		{"silverware", filepath.Join(data, "lbpcascades/lbpcascade_silverware.xml")},
		{"mine.xml", filepath.Join(own, "mine.xml")},
		{"./mine.xml", filepath.Join(own, "mine.xml")},
	} {
		if got, err := findCascade(e, c.name, []string{own, data}); err != nil || got != c.want {
			t.Errorf("cascade %q is %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	for _, c := range []struct {
		name, dir, want string
	}{
		{"frontalfce", data, "there are frontalface_default, silverware"},
		{"frontalface_default", own, "apt-get install opencv-data"},
		{"other.xml", data, "a bare name means one of OpenCV's"},
	} {
		if _, err := findCascade(e, c.name, []string{c.dir}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("cascade %q gives %v, want an error with %q", c.name, err, c.want)
		}
	}
	t.Setenv("OPENCV_DATA", data)
	if dirs := dataDirs(); dirs[0] != data {
		t.Errorf("folders are %v, want that of OPENCV_DATA first", dirs)
	}
}

func TestCascadeLabel(t *testing.T) {
	for name, want := range map[string]string{
		"frontalface_alt2": "face", "/x/haarcascade_fullbody.xml": "person", "frontalcatface": "cat",
		"russian_plate_number": "plate", "lefteye_2splits": "eye", "models/lbpcascade_silverware.xml": "silverware",
	} {
		if got := cascadeLabel(name); got != want {
			t.Errorf("label of %q is %q, want %q", name, got, want)
		}
	}
}
