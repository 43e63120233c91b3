package evidence

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
)

func decode(t testing.TB, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// green reports whether the pixel is the colour of boxes rather than grey.
func green(img image.Image, x, y int) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	return g > r+0x3000 && g > b+0x3000
}

// TestSnapshot is a table of which picture the snapshot is and what is drawn on it. Pictures come every 100 ms, frame n at
// (n-1)·100 ms; the event is confirmed at 3 s on the picture of 2.9 s.
func TestSnapshot(t *testing.T) {
	box := signal.Box{X: 0.25, Y: 0.5, W: 0.25, H: 0.25, Score: 0.87, Label: "person"}
	leaf := func(age time.Duration, frame uint64, camera string, answer event.Answer) []event.Leaf {
		return []event.Leaf{{Path: "when", Camera: camera, Signal: "hog.boxes", Test: "gte 1", Answer: answer, Value: signal.Boxes([]signal.Box{box}), Age: age, Frame: frame, Decided: true}}
	}
	tests := []struct {
		name   string
		boxes  []BoxSet
		leaves []event.Leaf
		frame  uint64
		drawn  int
		note   bool
	}{
		{name: "no boxes", frame: 30},
		{name: "boxes of the deciding picture", boxes: []BoxSet{{"hog.boxes", 30, at(2900 * ms), []signal.Box{box}}}, frame: 30, drawn: 1},
		{name: "boxes of an older picture", boxes: []BoxSet{{"hog.boxes", 21, at(2 * time.Second), []signal.Box{box, box}}}, frame: 21, drawn: 2},
		{name: "the picture fell between two", boxes: []BoxSet{{"hog.boxes", 1021, at(2030 * ms), []signal.Box{box}}}, frame: 21, drawn: 1},
		{
			name:  "two detectors, one long ago",
			boxes: []BoxSet{{"hog.boxes", 30, at(2900 * ms), []signal.Box{box}}, {"onnx.boxes", 11, at(time.Second), []signal.Box{box}}},
			frame: 30, drawn: 1, note: true,
		},
		{name: "leaf with boxes", leaves: leaf(200*ms, 29, "", event.Yes), frame: 29, drawn: 1},
		{
			name: "the same boxes from both", boxes: []BoxSet{{"hog.boxes", 29, at(2800 * ms), []signal.Box{box}}}, leaves: leaf(200*ms, 29, "", event.Yes),
			frame: 29, drawn: 1,
		},
		{name: "leaf of another camera", leaves: leaf(200*ms, 29, "back", event.Yes), frame: 30},
		{name: "leaf that said no", leaves: leaf(200*ms, 29, "", event.No), frame: 30},
		{name: "from before the first picture", boxes: []BoxSet{{"hog.boxes", 0, at(0), []signal.Box{box}}}, frame: 6, note: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := recorder(t, policy(t.TempDir()))
			data := picture(t, 320, 240)
			for n := uint64(1); n <= 60; n++ {
				if tt.note && tt.drawn == 0 && n < 7 {
					continue // the camera came up late
				}
				s := sample(n, time.Duration(n-1)*100*ms)
				s.Bytes, s.Width, s.Height = data, 320, 240
				if err := r.Push("front", s); err != nil {
					t.Fatal(err)
				}
				if n == 31 {
					q := request("r1", 3*time.Second)
					q.Capture, q.Boxes, q.Leaves = at(2900*ms), tt.boxes, tt.leaves
					open(t, r, q)
				}
			}
			res := one(t, r, 5*time.Second)
			m := verify(t, res.Path)
			want := tt.frame
			if tt.note && tt.drawn == 0 {
				want = 7
			}
			if m.Snapshot.Frame != want || m.Snapshot.Drawn != tt.drawn || (m.Snapshot.Note != "") != tt.note {
				t.Errorf("snapshot %+v, want frame %d, %d drawn", m.Snapshot, want, tt.drawn)
			}
			img := decode(t, filepath.Join(res.Path, SnapshotName))
			// The outline of the box is 2 pixels wide, from 80,120 to 160,180; the inside and the rest stay grey.
			if on := green(img, 81, 150) && green(img, 158, 150) && green(img, 120, 121) && green(img, 120, 178); on != (tt.drawn > 0) {
				t.Errorf("outline drawn: %v", on)
			}
			if green(img, 120, 150) || green(img, 40, 150) {
				t.Error("drawn where no outline is")
			}
			raw, err := os.ReadFile(filepath.Join(res.Path, SnapshotName))
			if err != nil {
				t.Fatal(err)
			}
			if tt.drawn == 0 && !bytes.Equal(raw, data) {
				t.Error("without boxes the snapshot must be the picture as it came")
			}
			for i, f := range m.Files {
				if i > 0 && f.Size != int64(len(data)) {
					t.Errorf("%s was changed", f.Name)
				}
			}
		})
	}
}

// TestSnapshotOfBadInput: nothing that a detector or a camera says breaks a clip.
func TestSnapshotOfBadInput(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	boxes := []signal.Box{
		{X: nan, Y: 0, W: 1, H: 1},
		{X: 0, Y: 0, W: inf, H: inf},
		{X: -5, Y: -5, W: 20, H: 20, Score: 1, Label: "too large"},
		{X: 0.5, Y: 0.5, W: -0.1, H: 0.1},
		{X: 2, Y: 2, W: 1, H: 1},
		{X: 0.999, Y: 0.999, W: 0.001, H: 0.001, Label: string(make([]byte, 5000))},
		{X: 1e30, Y: -1e30, W: 1e38, H: 1e38, Score: 1e30},
	}
	for name, data := range map[string][]byte{"picture": picture(t, 64, 48), "no JPEG": []byte("hello"), "cut off": picture(t, 64, 48)[:100]} {
		t.Run(name, func(t *testing.T) {
			r := recorder(t, policy(t.TempDir()))
			s := sample(1, time.Second)
			s.Bytes = data
			if err := r.Push("front", s); err != nil {
				t.Fatal(err)
			}
			q := request("r1", time.Second)
			q.Boxes = []BoxSet{{Signal: "x.boxes", Frame: 1, Capture: at(time.Second), Boxes: boxes}}
			open(t, r, q)
			res := one(t, r, 5*time.Second)
			if res.Err != nil {
				t.Fatal(res.Err)
			}
			m := verify(t, res.Path)
			if len(m.Events[0].Boxes[0].Boxes) != 5 {
				t.Errorf("%d boxes listed, want the 5 that are finite", len(m.Events[0].Boxes[0].Boxes))
			}
			if (name == "picture") != (m.Snapshot.Drawn > 0) || (name != "picture") != (m.Snapshot.Note != "") {
				t.Errorf("%+v", m.Snapshot)
			}
		})
	}
}

// TestGlyphsDiffer: a label can be read back only if no two letters look the same.
func TestGlyphsDiffer(t *testing.T) {
	seen := map[[glyphHeight]byte]rune{}
	for _, r := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_:/#% ?" {
		g := glyph(r)
		if old, ok := seen[g]; ok {
			t.Errorf("%q looks like %q", r, old)
		}
		seen[g] = r
		for _, row := range g {
			if row>>glyphWidth != 0 {
				t.Errorf("%q is wider than %d", r, glyphWidth)
			}
		}
	}
}

func FuzzDrawBoxes(f *testing.F) {
	f.Add(picture(f, 32, 24), float32(0.1), float32(0.1), float32(0.5), float32(0.5), "person")
	f.Add([]byte("\xff\xd8\xff"), float32(-1), float32(2), float32(1e30), float32(0), "")
	f.Fuzz(func(t *testing.T, data []byte, x, y, w, h float32, label string) {
		out, err := drawBoxes(data, []signal.Box{{X: x, Y: y, W: w, H: h, Score: 0.5, Label: label}}, 80)
		if err != nil {
			return
		}
		if _, err := jpeg.Decode(bytes.NewReader(out)); err != nil {
			t.Errorf("what was drawn is no JPEG: %v", err)
		}
	})
}

func BenchmarkSnapshot(b *testing.B) {
	data := picture(b, 640, 480)
	boxes := []signal.Box{{X: 0.25, Y: 0.25, W: 0.5, H: 0.5, Score: 0.9, Label: "person"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := drawBoxes(data, boxes, 85); err != nil {
			b.Fatal(err)
		}
	}
}
