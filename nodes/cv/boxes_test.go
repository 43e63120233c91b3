package cv

import (
	"testing"

	"rvo.dev/engine/signal"
)

func TestSuppress(t *testing.T) {
	boxes := []rawBox{
		{0, 0, 100, 200, 1},
		{10, 0, 100, 200, 2}, // overlaps the first by 0.82
		{300, 0, 100, 200, 0.5},
		{350, 0, 100, 200, 0.4}, // by a third
	}
	got := suppress(boxes, 0.5)
	if len(got) != 3 || got[0].weight != 2 || got[1].weight != 0.5 || got[2].weight != 0.4 {
		t.Errorf("kept %v", got)
	}
	if got = suppress(got, 0.3); len(got) != 2 || got[1].weight != 0.5 {
		t.Errorf("kept %v", got)
	}
}

func TestToBoxes(t *testing.T) {
	raw := []rawBox{{-20, 10, 40, 50, 0.1}, {100, 100, 50, 200, 0.9}, {500, 0, 10, 10, 0.5}}
	got := toBoxes(raw, 200, 200, "person", func(w float64) float64 { return w })
	want := []signal.Box{
		{X: 0.5, Y: 0.5, W: 0.25, H: 0.5, Score: 0.9, Label: "person"},
		{X: 0, Y: 0.05, W: 0.1, H: 0.25, Score: 0.1, Label: "person"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := toBoxes(make([]rawBox, 0), 1, 1, "", nil); got == nil || len(got) != 0 {
		t.Errorf("no detections give %v, want an empty list", got)
	}
	b := rawBox{x: 100, y: 100, w: 50, h: 100}.trim(0.2, 0.1)
	if b != (rawBox{x: 110, y: 110, w: 30, h: 80}) {
		t.Errorf("trimmed to %+v", b)
	}
}
