package track

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

// A look is at one who crosses the picture through a zone, is hidden for half a second in the middle and stands at the end,
// while somebody who is hard to see is at the side for a second.
func TestRetune(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		s := newStage(t, options, map[string]signal.Polygon{"hall": {{X: 0.3}, {X: 0.6}, {X: 0.6, Y: 1}, {X: 0.3, Y: 1}}})
		return nodetest.Life{Node: s.m, Look: func() string {
			faint := person(0.95, 0.95)
			faint.Score = 0.6
			var b strings.Builder
			for n := range 45 {
				var boxes []signal.Box
				if n < 10 {
					boxes = append(boxes, faint)
				}
				if n < 15 || n >= 20 {
					boxes = append(boxes, person(min(0.1+0.02*float32(n), 0.8), 0.5))
				}
				fmt.Fprintf(&b, "%2d %s\n", n, s.see(100*time.Millisecond, boxes...))
			}
			return b.String()
		}}
	}
	const door = `"lines": {"door": {"from": [%s, 0.2], "to": [%s, 0.8]}}`
	line := func(x string) string { return fmt.Sprintf(door, x, x) }
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "high", From: `{"high": 0.5}`, To: `{"high": 0.7}`},
		nodetest.Edit{Option: "keep", From: `{"keep": "1s"}`, To: `{"keep": "300ms"}`},
		nodetest.Edit{Option: "margin", From: `{` + line("0.2") + `}`, To: `{"margin": 0.2, ` + line("0.2") + `}`},
		nodetest.Edit{Option: "settle", From: `{"zones": ["hall"]}`, To: `{"zones": ["hall"], "settle": "800ms"}`},
		nodetest.Edit{Option: "still", From: `{}`, To: `{"still": "500ms"}`},
		nodetest.Edit{Option: "lines.*", From: `{` + line("0.2") + `}`, To: `{` + line("0.6") + `}`},
	)
}

// A line that is moved over somebody was not crossed by them, and they are who they were.
func TestMovedLineIsNotCrossed(t *testing.T) {
	s := newStage(t, `{"lines": {"door": {"from": [0.5, 0.2], "to": [0.5, 0.8]}}}`, nil)
	for range 5 {
		s.see(100*time.Millisecond, person(0.3, 0.5))
	}
	apply, err := s.m.(*shared).Retune([]byte(`{"lines": {"door": {"from": [0.2, 0.2], "to": [0.2, 0.8]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	apply()
	if got, want := s.see(100*time.Millisecond, person(0.3, 0.5)), "ids 1; count 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var seen []string
	for n := range 8 {
		seen = append(seen, s.see(100*time.Millisecond, person(0.3-0.03*float32(n), 0.5)))
	}
	if got := strings.Join(seen, "\n"); strings.Count(got, "door_") != 1 || strings.Contains(got, "ids 2") {
		t.Errorf("one who then crosses it is told as\n%s", got)
	}
}
