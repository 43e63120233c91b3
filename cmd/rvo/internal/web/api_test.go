package web

import (
	"bytes"
	"context"
	"encoding/json"
	"image/jpeg"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine"
)

// answer is what came of a request.
type answer struct{ *httptest.ResponseRecorder }

func askWith(h http.Handler, method, target, body string, header map[string]string) *answer {
	r := httptest.NewRequest(method, "http://127.0.0.1:9090/", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return &answer{w}
}

// document is openapi.yaml.
func document(t testing.TB) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(api.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestRoutesAreDocumented: what is served below /api is in the document, and what is in it is served, but for what others hand in.
func TestRoutesAreDocumented(t *testing.T) {
	h, _ := showing(t, newStill(t))
	served := map[string]bool{}
	for pattern := range h.routes {
		method, path, _ := strings.Cut(pattern, " ")
		if strings.HasPrefix(path, "/api/") {
			served[strings.ToLower(method)+" "+path] = true
		}
	}
	paths := document(t)["paths"].(map[string]any)
	for path, methods := range paths {
		for method, what := range methods.(map[string]any) {
			key := method + " " + path
			tags, _ := what.(map[string]any)["tags"].([]any)
			if !served[key] && !slices.Contains(tags, any("pipeline")) {
				t.Errorf("%s is documented and not served; tag it pipeline if it is handed in", key)
			}
			delete(served, key)
		}
	}
	for key := range served {
		t.Errorf("%s is served and not documented", key)
	}
}

// TestAnswersFitTheirSchemas: what GET gives is what the document says of it.
func TestAnswersFitTheirSchemas(t *testing.T) {
	s := newStill(t)
	s.clip(t, "seen", "gate", 1)
	h, l := showing(t, s)
	l.records.add([]byte(`{"id":"a","event":"seen","camera":"gate","state":"confirmed","severity":"warning","time":"2026-11-22T18:00:00Z"}`))
	v := s.View()
	l.history.add(&v)
	schemas := compiler(t)
	for path, schema := range map[string]string{
		"/api/v1/state": "State", "/api/v1/why": "Why", "/api/v1/why?event=seen&camera=gate": "Why", "/api/v1/graph": "Graph", "/api/v1/signals": "Signals",
		"/api/v1/signals/history?signal=look.count@gate&signal=look.mood@gate&signal=nothing": "History",
		"/api/v1/events": "Records", "/api/v1/events/a": "Records", "/api/v1/log": "LogLines", "/api/v1/evidence": "Clips",
		"/api/v1/session": "Session", "/api/state": "SeedState",
	} {
		w := ask(h, "GET", path, "")
		var got any
		if err := json.Unmarshal(w.Body.Bytes(), &got); w.Code != 200 || err != nil {
			t.Errorf("%s: %d %v: %s", path, w.Code, err, w.Body)
			continue
		}
		if err := schemas(schema).Validate(got); err != nil {
			t.Errorf("%s: %v\n%s", path, err, w.Body)
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s tells a password: %s", path, w.Body)
		}
	}
}

// compiler returns the document's schemas, closed: a field that they do not name is an error.
func compiler(t testing.TB) func(name string) *jsonschema.Schema {
	t.Helper()
	doc := document(t)
	for _, s := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		s.(map[string]any)["additionalProperties"] = false
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	return func(name string) *jsonschema.Schema {
		s, err := c.Compile("openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// TestState: what the engine says, by names.
func TestState(t *testing.T) {
	h, _ := showing(t, newStill(t))
	var s api.State
	decode(t, ask(h, "GET", "/api/v1/state", "").ResponseRecorder, &s)
	if got := slices.Sorted(maps.Keys(s.Detectors)); !slices.Equal(got, []string{"door@gate", "door@yard", "look@gate", "look@yard"}) {
		t.Errorf("detectors %v", got)
	}
	d := s.Detectors["look@gate"]
	if d.Doing != "hindered" || d.Cause != "needs" || d.Missing != "look.count" || d.FPS != 5 || d.Priority != "high" || d.UntilMS != 0 {
		t.Errorf("%+v", d)
	}
	if s.Detectors["door@gate"].Doing != "told" {
		t.Errorf("%+v", s.Detectors["door@gate"])
	}
	c := s.Signals["look.count@gate"]
	if c.Value != float64(60) || !c.Fresh || s.TimeMS-c.CapturedMS != 100 || c.Frame != 7 {
		t.Errorf("%+v at %d", c, s.TimeMS)
	}
	if up := s.Signals["camera.up@gate"]; up.Value != nil || up.Fresh || up.TTLMS != 0 || up.CapturedMS != 0 {
		t.Errorf("%+v", up)
	}
	if e := s.Events["seen@yard"]; e.State != "idle" || e.Severity != "warning" {
		t.Errorf("%+v", e)
	}
}

// TestWhy: the tree is the condition's, with an answer at each part.
func TestWhy(t *testing.T) {
	h, _ := showing(t, newStill(t))
	var got api.Why
	decode(t, ask(h, "GET", "/api/v1/why?event=seen&camera=gate", "").ResponseRecorder, &got)
	if len(got.Machines) != 1 {
		t.Fatalf("%+v", got)
	}
	m := got.Machines[0]
	if m.HoldMS != 1000 || m.Tree.Op != "all" || m.Tree.Answer != "yes" || len(m.Tree.Of) != 2 {
		t.Fatalf("%+v", m)
	}
	count, door := m.Tree.Of[0], m.Tree.Of[1]
	if count.Answer != "yes" || count.Test != "gte 1" || count.Value != float64(60) || !count.Fresh || count.Frame != 7 || count.Path != "when.all.0" {
		t.Errorf("%+v", count)
	}
	if door.Op != "absent" || door.Answer != "yes" || door.Value != nil || !door.Decided || door.Camera != "gate" {
		t.Errorf("%+v", door)
	}
	if w := ask(h, "GET", "/api/v1/why?event=nothing", ""); w.Code != 404 {
		t.Errorf("of an event that is not there: %d", w.Code)
	}
}

// TestRefusals: what is wrong with a request is said, with the field.
func TestRefusals(t *testing.T) {
	s := newStill(t)
	h, _ := showing(t, s)
	for _, tc := range []struct {
		method, path, body string
		code               int
		field              string
	}{
		{"POST", "/api/v1/mute", `{"event":"seen","for":"ten minutes"}`, 400, "for"},
		{"POST", "/api/v1/mute", `{"event":"seen","for":"-1s"}`, 400, "for"},
		{"POST", "/api/v1/mute", `{"event":"seen","for":"1000h"}`, 400, "for"},
		{"POST", "/api/v1/mute", `{"event":"nothing","for":"1m"}`, 400, "event"},
		{"POST", "/api/v1/mute", `{"event":"seen","for":"1m","forever":true}`, 400, "forever"},
		{"POST", "/api/v1/mute", `{"event":7,"for":"1m"}`, 400, "event"},
		{"POST", "/api/v1/mute", `[]`, 400, ""},
		{"POST", "/api/v1/mute", ``, 400, ""},
		{"POST", "/api/v1/signals/door.open", `{"value":true,"age_ms":"1s"}`, 400, "age_ms"},
		{"POST", "/api/v1/mute", `{"event":"seen"`, 400, ""},
		{"POST", "/api/v1/mute", `{"event":"seen","for":"1m"}{}`, 400, ""},
		{"POST", "/api/v1/mute", `{"event":"` + strings.Repeat("x", MaxBody) + `"}`, 413, ""},
		{"POST", "/api/v1/signals/look.count", `{"value":1}`, 404, "signal"},
		{"POST", "/api/v1/signals/door.open", `{"value":"x"}`, 400, "value"},
		{"POST", "/api/v1/signals/door.open", `{"value":true,"age_ms":-1}`, 400, "age_ms"},
		{"POST", "/api/v1/signals/door.open", `{"value":true,"age_ms":1e300}`, 400, "age_ms"},
		{"GET", "/api/v1/signals/history", "", 400, "signal"},
		{"GET", "/api/v1/signals/history?signal=a&seconds=0", "", 400, "seconds"},
		{"GET", "/api/v1/events?state=done", "", 400, "state"},
		{"GET", "/api/v1/events?severity=bad", "", 400, "severity"},
		{"GET", "/api/v1/events?since=yesterday", "", 400, "since"},
		{"GET", "/api/v1/events?limit=1001", "", 400, "limit"},
		{"GET", "/api/v1/events?before=-1", "", 400, "before"},
		{"GET", "/api/v1/events/none", "", 404, ""},
		{"GET", "/api/v1/evidence?limit=0", "", 400, "limit"},
		{"GET", "/api/v1/stream?topics=state,all", "", 400, "topics"},
		{"GET", "/api/v1/cameras/attic/snapshot.jpg", "", 404, ""},
		{"GET", "/api/v1/cameras/gate/snapshot.jpg?width=63", "", 400, "width"},
		{"GET", "/api/v1/cameras/gate/snapshot.jpg?draw=boxes,faces", "", 400, "draw"},
		{"GET", "/api/v1/cameras/gate/stream.mjpg?fps=NaN", "", 400, "fps"},
		{"GET", "/api/v1/cameras/gate/stream.mjpg?fps=99", "", 400, "fps"},
		{"GET", "/api/v1/live", "", 400, "cameras"},
		{"GET", "/api/v1/live?cameras=gate,attic", "", 404, ""},
		{"DELETE", "/api/v1/mute", "", 405, ""},
		{"GET", "/api/v1/mute", "", 405, ""},
		{"GET", "/api/v1/nothing", "", 404, ""},
		{"GET", "/api/v2/state", "", 404, ""},
	} {
		w := ask(h, tc.method, tc.path, tc.body)
		var e api.Error
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || strings.Contains(e.Error, "EOF") || strings.Contains(e.Error, "Go ") {
			t.Errorf("%s %s: %v: %s", tc.method, tc.path, err, w.Body)
		}
		if w.Code != tc.code || e.Field != tc.field {
			t.Errorf("%s %s %.60s: %d, field %q, want %d, %q: %s", tc.method, tc.path, tc.body, w.Code, e.Field, tc.code, tc.field, w.Body)
		}
	}
	if w := askWith(h, "POST", "/api/v1/mute", "event=seen", map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/x-www-form-urlencoded"}); w.Code != 415 {
		t.Errorf("a form: %d", w.Code)
	}
	if len(s.tells) > 0 {
		t.Errorf("the engine was told %q", s.tells)
	}
}

// TestTold: what is well formed reaches the engine.
func TestTold(t *testing.T) {
	s := newStill(t)
	h, _ := showing(t, s)
	w := ask(h, "POST", "/api/v1/mute", `{"event":"seen","camera":"gate","for":"10m"}`)
	var m api.Muted
	decode(t, w.ResponseRecorder, &m)
	if !slices.Equal(m.Muted, []string{"seen@gate"}) || time.Until(time.UnixMilli(m.UntilMS)) < 9*time.Minute {
		t.Errorf("%+v", m)
	}
	if w := ask(h, "POST", "/api/v1/signals/door.open", `{"camera":"gate","value":true,"age_ms":1500}`); w.Code != 204 {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if want := []string{"mute seen gate 10m0s", "tell door.open gate true 1.5s"}; !slices.Equal(s.tells, want) {
		t.Errorf("told %q, want %q", s.tells, want)
	}
}

// TestEvidence: clips are listed, files served with ranges, and nothing else can be read: not what is beside the folder, not over
// links, not what is unfinished.
func TestEvidence(t *testing.T) {
	s := newStill(t)
	const secret = "the secret"
	outside := filepath.Join(t.TempDir(), "secret.txt")
	write(t, outside, secret)
	first, second := s.clip(t, "zebra", "gate", 1), s.clip(t, "ant", "yard", 2)
	write(t, filepath.Join(s.dir, "beside.txt"), secret)
	write(t, filepath.Join(s.dir, first, ".hidden"), secret)
	write(t, filepath.Join(s.dir, first, "page.html"), "<script>")
	for to, at := range map[string]string{outside: filepath.Join(s.dir, first, "link.jpg"), filepath.Dir(outside): filepath.Join(s.dir, "linked")} {
		if err := os.Symlink(to, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.dir, ".tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, ".tmp", "frame_0001.jpg"), secret)
	h, _ := showing(t, s)

	var list api.Clips
	decode(t, ask(h, "GET", "/api/v1/evidence", "").ResponseRecorder, &list)
	if len(list.Clips) != 2 || list.Clips[0].Clip != second || list.Clips[1].Clip != first || list.Clips[0].Snapshot != "snapshot.jpg" || list.Clips[0].Short[0] != "ring" {
		t.Errorf("%+v", list)
	}
	list = api.Clips{}
	decode(t, ask(h, "GET", "/api/v1/evidence?event=zebra&limit=1", "").ResponseRecorder, &list)
	if len(list.Clips) != 1 || list.Clips[0].Clip != first || list.More {
		t.Errorf("%+v", list)
	}
	base := "/api/v1/evidence/clip/" + first
	if w := ask(h, "GET", base, ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"policy":"clip"`) {
		t.Errorf("manifest: %d %s", w.Code, w.Body)
	}
	w := askWith(h, "GET", base+"/frame_0001.jpg", "", map[string]string{"Range": "bytes=2-4"})
	if w.Code != 206 || w.Body.String() != "234" || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("range: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := askWith(h, "GET", base+"/frame_0001.jpg", "", map[string]string{"Range": "bytes=99-"}); w.Code != 416 {
		t.Errorf("range past the end: %d", w.Code)
	}
	if w := ask(h, "GET", base+"/page.html", ""); w.Header().Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a page is served as %v", w.Header())
	}
	for _, path := range []string{
		base + "/link.jpg", base + "/.hidden", base + "/..", base + "/nothing.jpg", "/api/v1/evidence/clip/linked/secret.txt",
		"/api/v1/evidence/clip/.tmp/frame_0001.jpg", "/api/v1/evidence/clip/../beside.txt", "/api/v1/evidence/clip/./beside.txt",
		"/api/v1/evidence/other/" + first, base + "/..%2fbeside.txt", base + "/a\x00b", "/api/v1/evidence/clip/" + first + "%2f..",
	} {
		if w := ask(h, "GET", path, ""); w.Code == 200 || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%q: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestSnapshot: a picture with what is asked for, its age and a tag.
func TestSnapshot(t *testing.T) {
	s := newStill(t)
	h, _ := showing(t, s)
	plain := ask(h, "GET", "/api/v1/cameras/gate/snapshot.jpg?width=64", "")
	drawn := ask(h, "GET", "/api/v1/cameras/gate/snapshot.jpg?width=64&draw=boxes,zones,masks", "")
	for _, w := range []*answer{plain, drawn} {
		img, err := jpeg.Decode(w.Body)
		if err != nil || img.Bounds().Dx() != 64 || w.Header().Get("X-Frame-Seq") == "" || w.Header().Get("X-Frame-Age-Ms") == "" {
			t.Fatalf("%d %v %v", w.Code, err, w.Header())
		}
	}
	found := ask(h, "GET", "/api/v1/cameras/gate/snapshot.jpg?width=64&draw=found", "")
	if b := found.Header().Get("X-Boxes"); !strings.HasPrefix(b, "[") || plain.Header().Get("X-Boxes") != "" {
		t.Errorf("boxes that are asked for are %q, not asked for %q", b, plain.Header().Get("X-Boxes"))
	}
	if plain.Header().Get("ETag") == drawn.Header().Get("ETag") {
		t.Error("two looks have one tag")
	}
	s.mu.Lock()
	s.quiet = true
	s.mu.Unlock()
}

// TestStream: a whole state first, then what changed, records and lines of the log as they come.
func TestStream(t *testing.T) {
	s := newStill(t)
	h, l := showing(t, s)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	events := subscribe(ctx, t, srv.URL+"/api/v1/stream")
	var state api.State
	take(t, events, "state", &state)
	if len(state.Cameras) != 2 {
		t.Fatalf("%+v", state)
	}
	for kind := range events { // until a delta: those who join get one whole state more
		if kind.name == "delta" {
			break
		}
	}
	s.mu.Lock()
	s.edit = func(v *engine.View) {
		v.Cameras[1].State = "down"
		v.Policies = nil
	}
	s.mu.Unlock()
	for {
		var delta map[string]json.RawMessage
		take(t, events, "delta", &delta)
		if delta["cameras"] == nil {
			continue
		}
		if !strings.Contains(string(delta["cameras"]), `"yard":{"state":"down"`) || strings.Contains(string(delta["cameras"]), `"gate"`) ||
			string(delta["evidence"]) != `{"clip":null}` || delta["signals"] != nil {
			t.Errorf("delta %s %s %s", delta["cameras"], delta["evidence"], delta["signals"])
		}
		break
	}
	s.records <- []byte(`{"id":"a","event":"seen","state":"confirmed"}` + "\n")
	var rec recordHead
	take(t, events, "event", &rec)
	if rec.ID != "a" {
		t.Errorf("%+v", rec)
	}
	l.tap.lines.add(api.Log{Message: "hello"})
	var line api.Log
	take(t, events, "log", &line)
	if line.Message != "hello" {
		t.Errorf("%+v", line)
	}
	cancel()
}

// said is one message of a stream.
type said struct{ name, data string }

func subscribe(ctx context.Context, t *testing.T, url string) <-chan said {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r) //nolint:bodyclose // by the goroutine that reads it
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v %v", resp, err)
	}
	out := make(chan said, 64)
	go func() {
		defer close(out)
		defer func() { _ = resp.Body.Close() }()
		var b bytes.Buffer
		buf := make([]byte, 1<<16)
		for {
			n, err := resp.Body.Read(buf)
			b.Write(buf[:n])
			for {
				text, rest, ok := bytes.Cut(b.Bytes(), []byte("\n\n"))
				if !ok {
					break
				}
				name, data, _ := strings.Cut(string(text), "\n")
				rest = bytes.Clone(rest)
				b.Reset()
				b.Write(rest)
				select {
				case out <- said{strings.TrimPrefix(name, "event: "), strings.TrimPrefix(data, "data: ")}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// take waits for a message of this name.
func take(t *testing.T, from <-chan said, name string, v any) {
	t.Helper()
	for m := range from {
		if m.name != name {
			continue
		}
		if err := json.Unmarshal([]byte(m.data), v); err != nil {
			t.Fatalf("%v: %s", err, m.data)
		}
		return
	}
	t.Fatalf("the stream ended without %s", name)
}

// parts reads a stream of pictures.
func parts(t *testing.T, resp *http.Response) *multipart.Reader {
	t.Helper()
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/x-mixed-replace" {
		t.Fatalf("%d %q: %v", resp.StatusCode, kind, err)
	}
	return multipart.NewReader(resp.Body, params["boundary"])
}

// TestMJPEG: parts that a browser can show, with their ages.
func TestMJPEG(t *testing.T) {
	h, _ := showing(t, newStill(t))
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/v1/live?cameras=gate,yard&fps=15&width=64", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	seen := map[string]int{}
	parts := parts(t, resp)
	for seen["gate"] < 3 || seen["yard"] < 3 {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil || p.Header.Get("X-Frame-Age-Ms") == "" {
			t.Fatalf("%v: %v", err, p.Header)
		}
		seen[p.Header.Get("X-Camera")]++
	}
}
