package cv

import (
	"testing"
	"testing/fstest"
)

func TestListSystem(t *testing.T) {
	sys := fstest.MapFS{
		"video10/name":    {Data: []byte("Second\n")},
		"video2/name":     {Data: []byte("USB Camera: first\n")},
		"video3/dev":      {Data: []byte("81:3")},
		"v4l-subdev0/dev": {Data: []byte("81:9")},
		"videoX/dev":      {Data: []byte("81:9")},
	}
	got, err := listSystem(sys)
	if err != nil {
		t.Fatal(err)
	}
	want := []Device{
		{Index: 2, Path: "/dev/video2", Name: "USB Camera: first"},
		{Index: 3, Path: "/dev/video3"},
		{Index: 10, Path: "/dev/video10", Name: "Second"},
	}
	if len(got) != len(want) {
		t.Fatalf("devices %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("device %+v, want %+v", got[i], want[i])
		}
	}
	if got, err := listSystem(fstest.MapFS{"video0": {}}); err != nil || len(got) != 1 || got[0].Path != "/dev/video0" {
		t.Errorf("a list without names gives %+v, %v", got, err)
	}
}
