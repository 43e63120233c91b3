package web

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// TestToldBoxes: the header has the boxes found near the picture's time and no others, whatever their labels are.
func TestToldBoxes(t *testing.T) {
	at := tick.Time(time.Hour)
	box := func(label string) signal.Box {
		return signal.Box{X: 0.25, Y: 0.5, W: 0.125, H: 0.25, Score: 0.5, Label: label, Track: 7}
	}
	label := "Müller \"😀\"\r\nX-Evil: 1"
	many := make([]signal.Box, 1000)
	for i := range many {
		many[i] = box("crowd")
	}
	header := told([]engine.Found{
		{Signal: "person.boxes", Capture: at - tick.Time(100*time.Millisecond), Boxes: []signal.Box{box(label), {X: float32(math.NaN())}}},
		{Signal: "old.boxes", Capture: at - tick.Time(time.Second), Boxes: []signal.Box{box("old")}},
		{Signal: "crowd.boxes", Capture: at, Boxes: many},
	}, at)
	for _, r := range header {
		if r < ' ' || r > '~' {
			t.Fatalf("the header has %q: %s", r, header)
		}
	}
	var got []struct {
		Signal, Label string
		X             float64
		Track         int
	}
	if err := json.Unmarshal([]byte(header), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != maxTold || got[0].Signal != "person.boxes" || got[0].Label != label || got[0].X != 0.25 || got[0].Track != 7 {
		t.Errorf("%d boxes, the first %+v", len(got), got[0])
	}
	if len(header) > 10<<10 || strings.Contains(header, "old") {
		t.Errorf("%d bytes, or what is too old: %.200s", len(header), header)
	}
	if got := told(nil, at); got != "[]" {
		t.Errorf("nothing found is %s", got)
	}
}
