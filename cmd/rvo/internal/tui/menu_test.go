package tui

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

func choosing(t *testing.T, w, h int) *model {
	t.Helper()
	m := newModel(t.Context(), nil, unicodeGlyphs(), time.UTC, noon())
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.menu = &menu{Menu: Menu{
		Pipeline: "yard",
		Choices: []Choice{
			{Name: "as the pipeline says", Note: "3 cameras", Args: []string{"yard.cue"}, Detectors: []string{"motion  [motion]", "person  [onnx]"}},
			{Name: "camera 0 alone", Note: "HD Webcam 1280x720 at 30", Args: []string{"--camera-device=0"}, Detectors: []string{"motion  [of a small pipeline made for it]"}},
		},
		Warnings: []string{"zone drive is used by nothing"},
	}}
	return m
}

// The menu shows which cameras there are and what looks at them, and starts what is chosen.
func TestMenu(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		m := choosing(t, size[0], size[1])
		press(m, "j")
		got := text(m)
		for _, want := range []string{"Start yard", "  as the pipeline says  3 cameras", "> camera 0 alone  HD Webcam", "1 detector", "motion  [of a small", "zone drive is used by nothing"} {
			if !strings.Contains(got, want) {
				t.Errorf("%v: no %q in\n%s", size, want, got)
			}
		}
		if strings.Contains(got, "connecting") || strings.Contains(got, "2 Cameras") {
			t.Errorf("%v: it shows what there is not yet:\n%s", size, got)
		}
		press(m, "k", "k")
		if got := text(m); !strings.Contains(got, "> as the pipeline says") || !strings.Contains(got, "person  [onnx]") {
			t.Errorf("%v:\n%s", size, got)
		}
	}
	m := choosing(t, 80, 24)
	m.launch = func() (*process, error) { return nil, errors.New("no such program") }
	press(m, "enter")
	if got := text(m); !strings.Contains(got, "✖ no such program") || m.menu == nil {
		t.Errorf("after a start that failed:\n%s", got)
	}
	if _, cmd := m.Update(keyOf("q")); cmd == nil || cmd() != tea.Quit() {
		t.Error("q does not leave the menu")
	}
}

// script writes a program that stands in for rvo.
func script(t *testing.T, body string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "rvo")
	if err := os.WriteFile(p, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// drain runs commands until there are none left, but for those that only wait for the clock.
func run(t *testing.T, m *model, cmds ...tea.Cmd) {
	t.Helper()
	for len(cmds) > 0 {
		cmd := cmds[0]
		cmds = cmds[1:]
		if cmd == nil {
			continue
		}
		switch msg := cmd().(type) {
		case tea.BatchMsg:
			cmds = append(cmds, msg...)
		case tea.QuitMsg:
		default:
			_, next := m.Update(msg)
			cmds = append(cmds, next)
		}
	}
}

// A started rvo tells by its log where it serves; whatever else it writes is on the log's page, and it has its token.
func TestStarted(t *testing.T) {
	m := choosing(t, 80, 24)
	program := script(t, `echo '{"time":"2026-09-21T14:13:20Z","level":"INFO","msg":"opened","node":"camera/gate"}'
printf 'a line of a library \033[2Jwith a code\n'
echo "token of ${#RVO_TUI_TOKEN}, $1 $2"
exit 2
`)
	m.launch = func() (*process, error) {
		return start(program, []string{"rvo", "run", m.menu.Choices[m.menu.at].Args[0]}, os.Environ())
	}
	_, cmd := m.Update(keyOf("enter"))
	run(t, m, cmd)
	got := text(m)
	for _, want := range []string{"INFO  opened  node=camera/gate", "a line of a library [2Jwith a code", "token of 26, run yard.cue", "the run has ended (exit status 2)"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if code := exitCode(m.exitErr); code != 2 || pages()[m.page].title != "Log" {
		t.Errorf("exit code %d, page %s", code, pages()[m.page].title)
	}
}

// Quitting asks first, then stops what was started and waits for it.
func TestQuitStops(t *testing.T) {
	m := choosing(t, 80, 24)
	program := script(t, "trap 'echo drained; exit 0' INT\necho up\nwhile :; do sleep 0.05; done\n")
	m.launch = func() (*process, error) { return start(program, []string{"rvo"}, os.Environ()) }
	_, started := m.Update(keyOf("enter"))
	press(m, "q")
	if got := text(m); !strings.Contains(got, "Stop the pipeline that was started here, and quit?") {
		t.Fatalf("no question:\n%s", got)
	}
	press(m, "n")
	if m.stopping {
		t.Fatal("no is taken for yes")
	}
	if l, err := m.proc.line(); l != "up" || err != nil {
		t.Fatalf("%q, %v", l, err)
	}
	press(m, "q", "y")
	if got := text(m); !strings.Contains(got, "stopping: clips and records are written") {
		t.Errorf("it does not say what it waits for:\n%s", got)
	}
	run(t, m, started)
	if !m.exited || m.exitErr != nil {
		t.Errorf("ended: %v, %v", m.exited, m.exitErr)
	}
	if ls := m.data.lines.all(); len(ls) == 0 || ls[len(ls)-1].text != "drained" {
		t.Errorf("the last line is not read: %v", ls)
	}
}

// Lines of a log: records, lines that are none, and the one that says where it serves.
func TestParseLine(t *testing.T) {
	for _, c := range []struct{ in, level, text, address string }{
		{`{"time":"2026-09-21T14:13:20Z","level":"WARN","msg":"slow","n":3,"a":"b"}`, "WARN", "slow  a=b  n=3", ""},
		{`{"time":"2026-09-21T14:13:20Z","level":"INFO","msg":"running","http":"http://127.0.0.1:4711"}`, "INFO", "running  http=http://127.0.0.1:4711", "http://127.0.0.1:4711"},
		{`{"msg":"running","http":"http://evil"}`, "", `{"msg":"running","http":"http://evil"}`, ""},
		{"panic: \x1b]0;title\x07 oh", "", "panic: ]0;title oh", ""},
	} {
		l, address := parseLine(c.in)
		if l.level != c.level || l.text != c.text || address != c.address {
			t.Errorf("%q: %+v, %q", c.in, l, address)
		}
	}
}
