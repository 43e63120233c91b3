package tui

import (
	"encoding/json"
	"fmt"
	"testing"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// many is the state of a pipeline with n cameras, three detectors and eight signals on each.
func many(t testing.TB, n int) []byte {
	t.Helper()
	var one api.State
	if err := json.Unmarshal(fixture(t, "state.json"), &one); err != nil {
		t.Fatal(err)
	}
	s := one
	s.Sections = api.Sections{
		Cameras: map[string]*api.Camera{}, Detectors: map[string]*api.Detector{}, Signals: map[string]*api.Signal{}, Events: map[string]*api.Event{},
	}
	for i := range n {
		cam := fmt.Sprintf("cam%03d", i)
		s.Cameras[cam] = one.Cameras["gate"]
		for _, d := range []string{"motion", "person", "plate"} {
			x := *one.Detectors[d+"@gate"]
			x.Camera = cam
			s.Detectors[d+"@"+cam] = &x
		}
		for id, x := range one.Signals {
			y := *x
			y.Camera = cam
			s.Signals[id+"@"+cam] = &y
		}
		s.Events["intruder@"+cam] = one.Events["intruder@gate"]
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// BenchmarkManyCameras measures what two hundred cameras cost the terminal each half second, page by page: the whole state read,
// and the screen.
func BenchmarkManyCameras(b *testing.B) {
	m := fresh(b, 200, 50)
	raw := many(b, 200)
	msg := told{from: m.stream, messages: []message{{"state", raw}}}
	m.Update(msg)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Update(msg)
		}
	})
	for i, p := range pages() {
		b.Run(p.title, func(b *testing.B) {
			m.turn(i)
			b.ReportAllocs()
			for b.Loop() {
				m.screen()
			}
		})
	}
}
