package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
)

// TestUnauthorized: who gets a 401 is told which of the things that can be wrong it is, and never what the token is.
func TestUnauthorized(t *testing.T) {
	c, _ := config(t)
	c.Token = token
	c.Log = slog.New(slog.DiscardHandler)
	h := serve(c, "127.0.0.1")
	for _, tc := range []struct{ name, path, header, value, want, challenge string }{
		{"nothing", "/api/v1/reopen", "", "", "without one", `Bearer realm="rvo"`},
		{"a wrong token", "/api/v1/reopen", "Authorization", "Bearer wrong", "not the server's", `Bearer realm="rvo", error="invalid_token"`},
		{"another scheme", "/api/v1/reopen", "Authorization", "Basic " + token, "not of the form Bearer TOKEN", `Bearer realm="rvo", error="invalid_token"`},
		{"a login that ended", "/api/v1/reopen", "Cookie", sessionCookie + "=1.ab", "log in again", `Bearer realm="rvo"`},
		{"in the query", "/api/v1/reopen?token=" + token, "", "", "not taken from the address", `Bearer realm="rvo"`},
	} {
		r := httptest.NewRequest(http.MethodPost, tc.path, http.NoBody)
		r.Host = "localhost"
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if tc.header != "" {
			r.Header.Set(tc.header, tc.value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var e api.Error
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusUnauthorized || !strings.Contains(e.Error, tc.want) {
			t.Errorf("%s: %d %s, want %q", tc.name, w.Code, w.Body, tc.want)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != tc.challenge || strings.Contains(w.Body.String(), token) {
			t.Errorf("%s: challenge %s, %s", tc.name, got, w.Body)
		}
	}
}

// TestBadBody: what is wrong with a body is said in JSON's words, with what is wanted.
func TestBadBody(t *testing.T) {
	h, _ := showing(t, newStill(t))
	for body, want := range map[string]string{
		``:                             `the body is empty: send an object such as {"event": "intrusion", "camera": "gate", "for": "10m"}`,
		`{"for":`:                      `the body ends within its JSON`,
		`{"for" "1m"}`:                 `the body is no JSON from byte 8 on`,
		`"1m"`:                         `the body is a JSON string: send an object such as {`,
		`{"for":10}`:                   `must be a string, not a number`,
		`{"for":"1m","fro":1}`:         `there is no member "fro" here`,
		`{"for":"1m"} {}`:              `more than one JSON value`,
		strings.Repeat(" ", MaxBody+1): "larger than the " + strconv.Itoa(MaxBody) + " bytes",
	} {
		var e api.Error
		w := ask(h, http.MethodPost, "/api/v1/mute", body)
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || !strings.Contains(e.Error, want) {
			t.Errorf("%.40q: %s, want %s", body, w.Body, want)
		}
	}
}

// TestUnserved: paths and methods that there are not are refused in JSON, in text to a browser outside of the API, and cannot make
// labels of metrics.
func TestUnserved(t *testing.T) {
	c, _ := config(t)
	c.Log = slog.New(slog.DiscardHandler)
	c.Token = token
	c.Console = http.NotFoundHandler()
	h := serve(c, "127.0.0.1")
	for _, tc := range []struct {
		method, path, accept string
		code                 int
		kind, want           string
	}{
		{"GET", "/api/v1/nothing", "text/html", 404, "application/json", "/api/ lists"},
		{"GET", "/nothing", "", 404, "application/json", "/api/ lists"},
		{"GET", "/nothing", "text/html", 404, "text/plain; charset=utf-8", "/api/ lists"},
		{"GET", "/api/v1/reopen", "", 405, "application/json", "GET is not answered at this path: POST is"},
		{"PUT", "/metrics", "", 405, "application/json", "PUT is not answered at this path: GET or HEAD is"},
		{"GET", "/console", "", 307, "text/html; charset=utf-8", "/console/"},
		{"GET", "/console/", "", 302, "text/html; charset=utf-8", `"/"`},
	} {
		w := askWith(h, tc.method, tc.path, "", map[string]string{"Accept": tc.accept, "Authorization": "Bearer " + token})
		if w.Code != tc.code || w.Header().Get("Content-Type") != tc.kind || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s %s (%s): %d %q %s", tc.method, tc.path, tc.accept, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if tc.code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s does not say what is allowed", tc.method, tc.path)
		}
	}
}

// TestWaiting: while nothing runs every path of the pipeline says so, and why.
func TestWaiting(t *testing.T) {
	c, _ := config(t)
	c.Status = func() engine.Status { return engine.Status{Reasons: []engine.Reason{{Node: "pipeline", Why: "bad"}}} }
	c.Log = slog.New(slog.DiscardHandler)
	c.Waiting = func() string { return "gate.cue:3:1: no such field" }
	h := serve(c, "127.0.0.1")
	for path, code := range map[string]int{
		"/health": 200, "/metrics": 200, "/ready": 503, "/api/v1/state": 503, "/api/v1/nothing": 503, "/api/state": 503, "/": 503, "/debug/pprof/": 503,
	} {
		w := askWith(h, "GET", path, "", nil)
		if w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
		if code != 503 || path == "/ready" {
			continue
		}
		if !strings.Contains(w.Body.String(), "gate.cue:3:1") {
			t.Errorf("%s does not say why: %s", path, w.Body)
		}
		if path != "/" && (w.Header().Get("Retry-After") == "" || !json.Valid(w.Body.Bytes())) {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
	}
}

// TestHeaderBound: a header may be as long as the documents say, and not longer.
func TestHeaderBound(t *testing.T) {
	c, _ := config(t)
	_, addr := start(t, c)
	for n, want := range map[int]string{MaxHeader - 100: "200 OK", MaxHeader + 1: "431 "} {
		head := "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: "
		got := raw(t, addr, head+strings.Repeat("a", n-len(head)-4)+"\r\n\r\n")
		if first, _, _ := strings.Cut(got, "\r\n"); !strings.Contains(first, want) {
			t.Errorf("a header of %d bytes: %q, want %s", n, first, want)
		}
	}
}

// TestRangeBeyond: a range that a file does not have is refused in JSON with its length.
func TestRangeBeyond(t *testing.T) {
	s := newStill(t)
	h, _ := showing(t, s)
	clip := s.clip(t, "ant", "gate", 1)
	for _, given := range []string{"bytes=99999999-", "bytes=9-1", "lines=1-2"} {
		w := askWith(h, "GET", "/api/v1/evidence/clip/"+clip+"/meta.json", "", map[string]string{"Range": given})
		var e api.Error
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusRequestedRangeNotSatisfiable || !strings.Contains(e.Error, "ask for one as bytes=0-") {
			t.Errorf("%s: %d %s", given, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") != "application/json" || !strings.HasPrefix(w.Header().Get("Content-Range"), "bytes */") {
			t.Errorf("%s: %v", given, w.Header())
		}
	}
}

// TestSignalsThatCan: a camera has the signals of the detectors that are on it, and no others.
func TestSignalsThatCan(t *testing.T) {
	s := newStill(t)
	off := s.g.CameraIndex("yard")
	for i := range s.g.Cells { // as where a detector is limited to some cameras
		if c := &s.g.Cells[i]; c.Camera == off && c.Detector == "look" {
			c.Instance = -1
		}
	}
	h, _ := showing(t, s)
	var state api.State
	decode(t, ask(h, "GET", "/api/v1/state", "").ResponseRecorder, &state)
	for id, want := range map[string]bool{"look.count@gate": true, "look.count@yard": false, "camera.up@yard": true, "door.open@yard": true} {
		if _, ok := state.Signals[id]; ok != want {
			t.Errorf("%s is listed: %v, want %v", id, ok, want)
		}
	}
}

// TestToldFeeds: nothing flows from a camera to a detector that is told from outside.
func TestToldFeeds(t *testing.T) {
	s := newStill(t)
	v := s.View()
	p := &plan.Running{Side: plan.Side{Nodes: []graph.Node{
		{ID: "camera/gate"},
		{ID: "detector/door"},
		{ID: "detector/door@gate", Inputs: []string{"camera/gate", "detector/door"}},
		{ID: "detector/look@gate", Inputs: []string{"camera/gate"}},
	}}}
	cameras := map[string]bool{}
	for _, e := range drawn(p, &v).Edges {
		if strings.HasPrefix(e.From, "camera/") {
			cameras[e.To] = true
		}
	}
	if cameras["detector/door@gate"] || !cameras["detector/look@gate"] {
		t.Errorf("cameras feed %v", cameras)
	}
}

// TestMuteIsTold: a mute is a line of the log that those who look at the run see.
func TestMuteIsTold(t *testing.T) {
	h, _ := showing(t, newStill(t))
	if w := ask(h, "POST", "/api/v1/mute", `{"event":"seen","for":"10m"}`); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	var got api.LogLines
	decode(t, ask(h, "GET", "/api/v1/log", "").ResponseRecorder, &got)
	if len(got.Lines) != 1 || got.Lines[0].Message != "events muted" || got.Lines[0].Attrs["for"] != "10m0s" {
		t.Errorf("%+v", got.Lines)
	}
}

// TestPause: a clip in which pictures are missing for less than a manifest tells of says so.
func TestPause(t *testing.T) {
	files := func(at ...int) (out []evidence.ManifestFile) {
		for i, n := range at {
			out = append(out, evidence.ManifestFile{Name: fmt.Sprintf("frame_%04d.jpg", i), Capture: time.UnixMilli(int64(n)).UTC().Format(time.RFC3339Nano)})
		}
		return append(out, evidence.ManifestFile{Name: "snapshot.jpg", Capture: time.UnixMilli(99999).UTC().Format(time.RFC3339Nano)})
	}
	for _, tc := range []struct {
		files []evidence.ManifestFile
		want  time.Duration
	}{
		{files(), 0},
		{files(0, 900), 0},
		{files(0, 100, 200, 300, 400), 0},
		{files(0, 100, 200, 550, 650), 0},
		{files(0, 100, 200, 800, 900, 1000), 600 * time.Millisecond},
	} {
		if got := pause(tc.files); got != tc.want {
			t.Errorf("%v of %d files, want %v", got, len(tc.files), tc.want)
		}
	}
}
