package tui

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// The screens are rewritten by go test ./cmd/rvo/internal/tui -update.
var update = flag.Bool("update", false, "rewrite the screens in testdata")

// noon is the moment of the fixture, by the server's clock and by the terminal's.
func noon() time.Time { return time.UnixMilli(1790000000000) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fresh returns a model that has just been connected to the rvo of the fixture.
func fresh(t testing.TB, w, h int) *model {
	t.Helper()
	c, err := newClient("http://127.0.0.1:9090", "")
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(t.Context(), c, unicodeGlyphs(), time.UTC, noon())
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	var before api.Records
	if err := json.Unmarshal(fixture(t, "events.json"), &before); err != nil {
		t.Fatal(err)
	}
	m.Update(connected{&stream{close: func() {}, body: nobody{}}, before, api.LogLines{}})
	m.Update(told{from: m.stream, messages: []message{{"state", fixture(t, "state.json")}}})
	return m
}

// looking is fresh with a past.
func looking(t testing.TB, w, h int) *model {
	t.Helper()
	m := fresh(t, w, h)
	s, state := m.stream, fixture(t, "state.json")
	// A minute of the past, so that there is something to draw.
	for i := range 100 {
		delta := fmt.Sprintf(`{"time_ms":%d,"detectors":{"motion@gate":%s,"person@gate":%s}}`, noon().UnixMilli()+int64(i)*500,
			withRuns(t, state, "motion@gate", 71200+5*i), withRuns(t, state, "person@gate", 17110+(i/3)*(1+i/20)))
		m.Update(told{from: s, messages: []message{{"delta", []byte(delta)}}})
	}
	m.Update(told{from: s, messages: []message{{"state", state}}})
	for _, l := range []string{
		`{"time_ms":1789999990000,"level":"INFO","message":"camera is up","attrs":{"node":"camera/gate","width":"1920"}}`,
		`{"time_ms":1789999995000,"level":"WARN","message":"run abandoned","attrs":{"node":"detector/plate@gate","timeout":"200ms"}}`,
		`{"time_ms":1789999999000,"level":"ERROR","message":"cannot open","attrs":{"node":"camera/back","err":"read rtsp://***@10.0.0.8/stream: connection refused"}}`,
	} {
		m.Update(told{from: s, messages: []message{{"log", []byte(l)}}})
	}
	return m
}

// withRuns returns a detector of a state with another count of runs.
func withRuns(t testing.TB, state []byte, id string, runs int) []byte {
	t.Helper()
	var s api.State
	if err := json.Unmarshal(state, &s); err != nil {
		t.Fatal(err)
	}
	d := s.Detectors[id]
	d.Runs = uint64(runs)
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// nobody is the body of a stream that tests do not read.
type nobody struct{}

func (nobody) Read([]byte) (int, error) { return 0, nil }
func (nobody) Close() error             { return nil }

// press types keys, named as Bubble Tea names them.
func press(m *model, keys ...string) {
	for _, k := range keys {
		m.Update(keyOf(k))
	}
}

func keyOf(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "end": tea.KeyEnd, "home": tea.KeyHome, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "backspace": tea.KeyBackspace,
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(rest[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(name[0]), Text: name}
}

// text is the screen without colour, as a person reads it.
func text(m *model) string {
	var b strings.Builder
	for _, l := range m.screen() {
		b.WriteString(strings.TrimRight(ansi.Strip(l), " ") + "\n")
	}
	return b.String()
}

// Every page and detail, as it is at 80x24 and 200x50.
func TestScreens(t *testing.T) {
	why := func(m *model) {
		var w api.Why
		if err := json.Unmarshal(fixture(t, "why.json"), &w); err != nil {
			t.Fatal(err)
		}
		m.Update(reason{of: target{"intruder", "gate"}, why: w})
	}
	for _, c := range []struct {
		name string
		do   func(m *model)
	}{
		{"home", func(*model) {}},
		{"cameras", func(m *model) { press(m, "2") }},
		{"camera", func(m *model) { press(m, "2", "enter") }},
		{"detectors", func(m *model) { press(m, "3") }},
		{"detector", func(m *model) { press(m, "3", "/", "p", "e", "r", "s", "enter", "enter") }},
		{"signals", func(m *model) { press(m, "4") }},
		{"signal", func(m *model) { press(m, "4", "j", "j", "j", "enter") }},
		{"events", func(m *model) { press(m, "5") }},
		{"why", func(m *model) { press(m, "5", "down", "enter"); why(m) }},
		{"records", func(m *model) { press(m, "6") }},
		{"record", func(m *model) { press(m, "6", "j", "enter") }},
		{"load", func(m *model) { press(m, "7") }},
		{"log", func(m *model) { press(m, "8") }},
		{"reloads", func(m *model) { press(m, "9") }},
		{"reload", func(m *model) { press(m, "9", "j", "enter") }},
		{"help", func(m *model) { press(m, "?") }},
		{"mute", func(m *model) { press(m, "5", "m") }},
		{"filter", func(m *model) { press(m, "3", "/", "g", "a", "t", "e") }},
		{"paused", func(m *model) { press(m, "p") }},
		{"plain", func(m *model) { m.g = plainGlyphs(); press(m, "3") }},
	} {
		for _, size := range [][2]int{{80, 24}, {200, 50}} {
			name := fmt.Sprintf("%s_%dx%d", c.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				m := looking(t, size[0], size[1])
				c.do(m)
				lines := m.screen()
				if len(lines) != size[1] {
					t.Errorf("%d lines", len(lines))
				}
				for i, l := range lines {
					if n := ansi.StringWidth(l); n != size[0] {
						t.Errorf("line %d is %d columns wide: %q", i+1, n, ansi.Strip(l))
					}
				}
				got := text(m)
				file := filepath.Join("testdata", "screens", name+".txt")
				want, err := os.ReadFile(file)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				} else if got != string(want) {
					t.Errorf("%s is not what the model shows (%v): run go test ./cmd/rvo/internal/tui -update and read the difference\n%s", file, err, got)
				}
			})
		}
	}
}
