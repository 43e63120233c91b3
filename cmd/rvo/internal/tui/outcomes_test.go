package tui

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What the files say and does not run is told on the first page, with its findings on the page of reloads; what became of an
// applied change is the engine's to say.
func TestRefusedFile(t *testing.T) {
	m := looking(t, 140, 30)
	var got outcomes
	err := json.Unmarshal([]byte(`{"rejected":{"result":"rejected","findings":[]},"reloads":[
		{"result":"rejected","trigger":"file","at":"2026-09-21T14:00:00Z","generation":3,"findings":[
			{"code":"RVO105","severity":"warning","message":"zone drive is used by nothing","place":{"file":"yard.cue","line":3,"col":1}},
			{"code":"RVO005","severity":"error","message":"file ends where } must stand","hint":"close it","place":{"file":"yard.cue","line":55,"col":12}}]},
		{"result":"applied","trigger":"file","at":"2026-09-21T13:56:40Z","generation":3,"revision":"3fa94c1e07b2d5a6e8c0",
			"counts":{"keep":20,"retune":3,"add":1},"seconds":{"prepare":0.64,"commit":0.0003,"total":0.7}},
		{"result":"rejected","at":"2026-09-21T13:50:00Z","error":"refused","node":"detector/plate","step":"warm-up"}]}`), &got)
	if err != nil {
		t.Fatal(err)
	}
	got.Rejected = &got.Reloads[0]
	m.Update(gotReloads{outcomes: got})
	if s := text(m); !strings.Contains(s, "▲ the files are refused  file ends where } must stand [RVO005]; page 9") {
		t.Errorf("the first page does not say so:\n%s", s)
	}
	press(m, "9")
	s := text(m)
	for _, want := range []string{"14:00:00 ✖ rejected", "13:56:40 ● kept           3 3fa94c1e07b2 file   ~3 +1", "640ms    300us", "13:50:00 ✖ rejected", "detector/plate: refused"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q in\n%s", want, s)
		}
	}
	press(m, "enter")
	s = text(m)
	for _, want := range []string{"✖ yard.cue:55:12", "file ends where } must stand [RVO005]", "close it", "▲ yard.cue:3:1"} {
		if !strings.Contains(s, want) {
			t.Errorf("no %q in\n%s", want, s)
		}
	}
}

// Reloads are asked for now and then, at once when another graph runs, and not at all where there is no such path.
func TestAsksForReloads(t *testing.T) {
	m := looking(t, 80, 24)
	m.now = m.now.Add(time.Hour)
	due := func(after time.Duration) bool {
		m.now = m.now.Add(after)
		return m.askForReloads() != nil
	}
	if !due(0) || due(askReloads) || !due(restReload*askReloads) {
		t.Error("away from the page it is not asked each half minute")
	}
	m.data.state.Generation++
	if !due(askReloads) {
		t.Error("another graph runs, and it does not ask")
	}
	press(m, "9")
	if due(0) || !due(askReloads) {
		t.Error("on the page it is not asked each few seconds")
	}
	m.Update(gotReloads{err: &answerError{status: http.StatusInternalServerError}})
	if !due(askReloads) {
		t.Error("an error ends the asking")
	}
	m.Update(gotReloads{err: &answerError{status: http.StatusNotFound}})
	if due(time.Hour) {
		t.Error("it asks for what there is not")
	}
}
