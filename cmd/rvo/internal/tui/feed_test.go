package tui

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// served is an rvo as far as the terminal needs one. Each stream says the state, an event and a line of the log, and ends.
func served(t *testing.T, token string) (*httptest.Server, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, `{"error":"this needs the header Authorization: Bearer TOKEN"}`, http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/api/v1/state":
			_, _ = w.Write(fixture(t, "state.json"))
		case "/api/v1/events":
			_, _ = w.Write(fixture(t, "events.json"))
		case "/api/v1/log":
			_, _ = w.Write([]byte(`{"lines":[{"time_ms":1,"level":"INFO","message":"before"}]}`))
		case "/api/v1/why":
			_, _ = w.Write(fixture(t, "why.json"))
		case "/api/v1/mute":
			_, _ = w.Write([]byte(`{"muted":["moving@yard"]}`))
		case "/api/v1/stream":
			state := strings.ReplaceAll(string(fixture(t, "state.json")), "\n", "")
			fmt.Fprintf(w, ": hello\n\nevent: state\ndata: %s\n\n", state)
			fmt.Fprintf(w, "event: log\ndata: {\"time_ms\":1,\"level\":\"WARN\",\ndata: \"message\":\"two \\u001b[2Jlines\"}\n\nevent: of a newer server\ndata: x\n\n")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

// A connection that is lost is told, what was known stays on the screen, and it is asked for again.
func TestReconnects(t *testing.T) {
	s, _ := served(t, "")
	c, err := newClient(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(t.Context(), c, unicodeGlyphs(), time.UTC, noon())
	m.Update(m.connect()())
	if m.stream == nil || len(m.data.events.all()) != 5 {
		t.Fatalf("not connected: %v, %d records", m.problem, len(m.data.events.all()))
	}
	for m.stream != nil {
		m.Update(m.listen()()) // to the end of the stream
	}
	m.Update(clock(noon().Add(90 * time.Second)))
	got := text(m)
	for _, want := range []string{"rvo yard  ✖ not connected for 1m30s", "closed the connection; asking again", "motion@gate"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if ls := m.data.lines.all(); len(ls) != 2 || ls[0].text != "before" || ls[1].text != "two [2Jlines" {
		t.Errorf("log: %+v", ls)
	}
	for range 10 {
		m.lose(io.EOF)
	}
	if m.wait != lastRetry {
		t.Errorf("it waits %s between tries, not at most %s", m.wait, lastRetry)
	}
	_, again := m.Update(again{})
	m.Update(again())
	if m.stream == nil || m.wait != 0 || len(m.data.events.all()) != 5 {
		t.Errorf("connected again: %v, %d records (each once)", m.problem, len(m.data.events.all()))
	}
	m.Update(m.listen()())
	if got := text(m); !strings.Contains(got, "✖ not ready (2)") {
		t.Errorf("after it is back:\n%s", got)
	}
}

// A server that says nothing for long is no connection.
func TestSilence(t *testing.T) {
	m := looking(t, 80, 24)
	ended := false
	m.stream.close = func() { ended = true }
	m.Update(clock(noon().Add(10 * time.Second)))
	if got := text(m); ended || !strings.Contains(got, "▲ no news for 10s") {
		t.Errorf("after ten seconds (ended: %v):\n%s", ended, got)
	}
	m.Update(clock(noon().Add(16 * time.Second)))
	if !ended {
		t.Error("the stream is kept although it is silent")
	}
}

// What is wrong is said with the way out.
func TestErrorsSayWhatToDo(t *testing.T) {
	s, _ := served(t, "sesame sesame sesame")
	for _, c := range []struct{ base, token, path, want string }{
		{s.URL, "", "/api/v1/state", "wants its token: give it with --http-token-file"},
		{s.URL, "other", "/api/v1/state", "does not take this token"},
		{s.URL, "sesame sesame sesame", "/elsewhere", "it is no rvo, or an older one"},
		{"http://127.0.0.1:1", "", "/api/v1/state", "no rvo answers at 127.0.0.1:1: start it with rvo run"},
		{"http://nowhere.invalid:1", "", "/api/v1/state", "no rvo answers at nowhere.invalid:1"},
	} {
		client, err := newClient(c.base, c.token)
		if err != nil {
			t.Fatal(err)
		}
		var state api.State
		if err := client.get(t.Context(), c.path, &state); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.base, c.path, err, c.want)
		}
	}
	for _, base := range []string{"127.0.0.1:9090", "ftp://x", "http://", "http://joe:hunter2@x", ":", "/tmp"} {
		if _, err := newClient(base, ""); !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// A mute is asked for, named, and sent; no is no. The answer of the server is told.
func TestMute(t *testing.T) {
	s, asked := served(t, "")
	m := looking(t, 80, 24)
	c, err := newClient(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	m.client = c
	press(m, "5", "G", "m")
	if got := text(m); !strings.Contains(got, "Mute moving@yard for 10m?") {
		t.Fatalf("no question:\n%s", got)
	}
	press(m, "+", "n", "m", "esc", "m", "x")
	_, cmd := m.Update(keyOf("y"))
	if cmd != nil || len(*asked) != 0 {
		t.Fatalf("what was not said yes to is done: %v", *asked)
	}
	press(m, "m", "+", "+", "-")
	_, cmd = m.Update(keyOf("y"))
	m.Update(cmd())
	if got := text(m); !strings.Contains(got, "moving@yard is muted for 1h") {
		t.Errorf("it is not told:\n%s", got)
	}
	press(m, "k") // intruder@yard, which is muted
	press(m, "m")
	if got := text(m); !strings.Contains(got, "Hear intruder@yard again?") {
		t.Fatalf("no question:\n%s", got)
	}
	_, cmd = m.Update(keyOf("y"))
	m.Update(cmd())
	press(m, "2", "m")
	_, cmd = m.Update(keyOf("y"))
	m.Update(cmd())
	want := []string{
		`POST /api/v1/mute {"event":"moving","camera":"yard","for":"1h0m0s"}`,
		`POST /api/v1/mute {"event":"intruder","camera":"yard","for":"0s"}`,
		`POST /api/v1/mute {"camera":"back","for":"10m0s"}`,
	}
	if got := strings.Join(*asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	c.token, m.client.base.Path = "x", "/nowhere"
	press(m, "m")
	_, cmd = m.Update(keyOf("y"))
	m.Update(cmd())
	if got := text(m); !strings.Contains(got, "has no such path") {
		t.Errorf("a refusal is not told:\n%s", got)
	}
	press(m, "1", "m")
	if got := text(m); m.ask != nil || !strings.Contains(got, "choose one on its page") {
		t.Errorf("on a page without:\n%s", got)
	}
}

// The condition is asked for when an event is opened and each second while it is.
func TestAsksWhy(t *testing.T) {
	s, asked := served(t, "")
	m := looking(t, 80, 24)
	c, err := newClient(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	m.client = c
	press(m, "5", "down")
	_, cmd := m.Update(keyOf("enter"))
	m.Update(cmd())
	if got := text(m); !strings.Contains(got, "person.count@gate >= 1  is 2") {
		t.Errorf("the tree is not there:\n%s", got)
	}
	if cmd := m.askWhy(); cmd == nil {
		t.Error("it is not asked again")
	}
	press(m, "p")
	if m.held == nil || len(*asked) != 1 || (*asked)[0] != "GET /api/v1/why?camera=gate&event=intruder" {
		t.Errorf("asked %v", *asked)
	}
}

// Once prints the first page without a code.
func TestOnce(t *testing.T) {
	s, _ := served(t, "")
	var out bytes.Buffer
	err := Once(t.Context(), Options{Base: s.URL, Out: &out, Environ: []string{"LANG=C"}, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rvo yard  X not ready (2)", "6 detectors", "motion@gate", "confirmed moving@yard", "cameras up"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are codes in it")
	}
	if err := Once(t.Context(), Options{Base: "http://127.0.0.1:1", Out: &out}); err == nil {
		t.Error("no error where nobody answers")
	}
}

// A program that quits before the screen is drawn leaves the terminal alone.
func TestRunRefuses(t *testing.T) {
	for _, base := range []string{"http://127.0.0.1:1", "gopher://x"} {
		var out bytes.Buffer
		if _, err := Run(t.Context(), Options{Base: base, In: strings.NewReader(""), Out: &out}); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, wrote %q", base, err, out.String())
		}
	}
}

// Run draws, takes keys and leaves; the whole of it, on a terminal that is a buffer.
func TestRun(t *testing.T) {
	s, _ := served(t, "")
	var out bytes.Buffer
	code, err := Run(t.Context(), Options{Base: s.URL, In: strings.NewReader("3q"), Out: &out, Environ: []string{"TERM=xterm", "LANG=C.UTF-8"}, Zone: time.UTC})
	if code != 0 || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	if !strings.Contains(out.String(), "\x1b[?1049h") || !strings.Contains(out.String(), "\x1b[?1049l") {
		t.Error("it does not draw on the other screen and leave it")
	}
}

// FuzzStream reads whatever a server may send: no message is longer than the bound, and none is made up.
func FuzzStream(f *testing.F) {
	f.Add([]byte("event: state\ndata: {}\n\n: alive\n\ndata: x\ndata: y\r\n\r\n"))
	f.Add([]byte("event\ndata\n\n\n\nid: 3\nretry: 1\n\n"))
	f.Add([]byte("data: " + strings.Repeat("x", 500)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &stream{close: func() {}, body: nobody{}, lines: bufio.NewReaderSize(bytes.NewReader(raw), 16)}
		for range len(raw) + 1 {
			m, err := s.next()
			if err != nil {
				return
			}
			if len(m.data) > len(raw) || !bytes.Contains(raw, []byte(m.name)) {
				t.Fatalf("%q gives %q", raw, m)
			}
		}
		t.Fatalf("%q never ends", raw)
	})
}

// FuzzTold shows whatever a server may say: no page is anything but its size, and no code gets through.
func FuzzTold(f *testing.F) {
	for _, name := range []string{"state.json", "why.json", "events.json"} {
		f.Add([]byte("state"), fixture(f, name))
	}
	f.Add([]byte("delta"), []byte(`{"cameras":{"gate":null,"\u001b[2J":{"state":"\u202e\u0007"}},"signals":{"a":{"value":[{"label":3},4]}}}`))
	f.Add([]byte("event"), []byte(`{"leaves":[{"value":{"a":[1]}}],"time":"x","labels":{"\n":"\r"}}`))
	f.Add([]byte("log"), []byte(`{"attrs":{"":""},"message":"\u0000"}`))
	f.Fuzz(func(t *testing.T, name, data []byte) {
		m := fresh(t, 90, 20)
		m.Update(told{from: m.stream, messages: []message{{string(name), data}, {"delta", []byte(`{"time_ms":5}`)}}})
		for p := range pages() {
			m.page, m.detail, m.help = p, false, false
			check(t, m)
			press(m, "enter")
			check(t, m)
		}
	})
}

// check holds a screen to its size and to plain text and colours.
func check(t *testing.T, m *model) {
	t.Helper()
	for _, l := range m.screen() {
		rest := l
		for {
			_, after, found := strings.Cut(rest, "\x1b")
			if !found {
				break
			}
			n := strings.IndexByte(after, 'm')
			if n < 1 || strings.Trim(after[1:n], "0123456789;") != "" || after[0] != '[' {
				t.Fatalf("page %d: a code that is no colour in %q", m.page, l)
			}
			rest = after[n:]
		}
		if strings.ContainsAny(l, "\x07\r\n\x00\u202e") {
			t.Fatalf("page %d: control characters in %q", m.page, l)
		}
	}
	if v := m.View(); !v.AltScreen || v.Content == "" {
		t.Fatal("no screen")
	}
}
