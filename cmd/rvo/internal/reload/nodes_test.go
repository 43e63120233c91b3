package reload_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
)

// server serves a kit's routes.
func (k *kit) server() http.Handler {
	mux := http.NewServeMux()
	for _, r := range k.r.Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, r.Serve)
	}
	return mux
}

// call asks the kit and reads its answer.
func (k *kit) call(method, path, body string, into any) int {
	k.t.Helper()
	w := httptest.NewRecorder()
	k.server().ServeHTTP(w, httptest.NewRequestWithContext(k.t.Context(), method, path, strings.NewReader(body)))
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		k.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return w.Code
}

// listed lists the kit's nodes as "id source file:line".
func (k *kit) listed() string {
	k.t.Helper()
	var answer struct{ Nodes []reload.Node }
	if code := k.call(http.MethodGet, "/api/v1/nodes", "", &answer); code != http.StatusOK {
		k.t.Fatal(code)
	}
	var b strings.Builder
	for _, n := range answer.Nodes {
		b.WriteString(n.ID + " " + n.Source + " " + n.Place.String()[:strings.LastIndexByte(n.Place.String(), ':')] + "\n")
	}
	return b.String()
}

const asWritten = `camera/front file gate.cue:2
detector/motion file gate.cue:3
event/moving file gate.cue:4
sink/log file gate.cue:5
`

// A node is added, replaced, taken away, and planned before; every step is one that a reload makes.
func TestNodes(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		if got := k.listed(); got != asWritten {
			t.Errorf("nodes\n%s", got)
		}
		var o reload.Outcome
		const light = `{"detectors": {"light": {"dummy": {}, "fps": 1}}}`
		if code := k.call(http.MethodPost, "/api/v1/nodes?plan=1", light, &o); code != http.StatusOK || o.Result != reload.Planned || o.Plan == nil || o.Counts.Add == 0 {
			t.Errorf("plan: %d %+v", code, o)
		}
		planned := o
		if n, _ := k.swapped(); n != 0 {
			t.Error("a plan swapped")
		}
		if code := k.call(http.MethodPost, "/api/v1/nodes", light, &o); code != http.StatusOK || o.Result != reload.Applied || o.Trigger != reload.Edited {
			t.Errorf("add: %d %+v", code, o)
		}
		if o.Counts != planned.Counts || len(o.Changes) != len(planned.Plan.Changes) || o.Counts != planned.Plan.Counts {
			t.Errorf("planned %+v, done %+v", planned.Counts, o.Counts)
		}
		if got := k.listed(); !strings.Contains(got, "detector/light api overlay.cue:1\n") {
			t.Errorf("nodes\n%s", got)
		}
		if code := k.call(http.MethodPost, "/api/v1/nodes", light, &o); code != http.StatusOK || o.Result != reload.Unchanged {
			t.Errorf("the same again: %d %+v", code, o)
		}
		if code := k.call(http.MethodPost, "/api/v1/nodes", `events: moving: {when: {signal: "motion.level", gte: 0.2}, hold: "1s"}`, &o); code != http.StatusOK || o.Counts.Retune != 1 {
			t.Errorf("replace: %d %+v", code, o)
		}
		// What the file says of other nodes counts as before.
		k.put("gate.cue", strings.Replace(base, "fps: 5,", "fps: 4,", 1))
		k.wait(reload.Applied)
		time.Sleep(time.Second)
		if n, g := k.swapped(); n != 3 || g.Cameras[0].FPS != 4 || g.Events[0].Hold != time.Second || len(g.Detectors) != 2 {
			t.Errorf("%d swaps, graph %+v", n, g)
		}
		if code := k.call(http.MethodDelete, "/api/v1/nodes/detector/light", "", &o); code != http.StatusOK || o.Counts.Remove == 0 {
			t.Errorf("delete: %d %+v", code, o)
		}
		if code := k.call(http.MethodDelete, "/api/v1/nodes/event/moving?write=1", "", &o); code != http.StatusOK || o.Written != reload.OverlayPath(k.state) {
			t.Errorf("delete a file's node: %d %+v", code, o)
		}
		if _, g := k.swapped(); len(g.Events) != 0 || len(g.Detectors) != 1 {
			t.Errorf("graph %+v", g)
		}
		text, err := reload.ReadOverlay(k.state)
		if err != nil || !strings.HasSuffix(string(text), "events: \"moving\": null\n") || strings.Contains(string(text), "light") {
			t.Errorf("overlay %v\n%s", err, text)
		}
		if code := k.call(http.MethodPost, "/api/v1/nodes?write=1", `events: moving: {when: {signal: "motion.level", gte: 0.2}}`, &o); code != http.StatusOK {
			t.Errorf("back: %d %+v", code, o)
		}
	})
}

// An overlay of the state folder holds from the start, and is gone when its last node is.
func TestOverlayFromTheStart(t *testing.T) {
	bubble(t, options{overlay: `detectors: light: {dummy: {}, fps: 1}`}, func(t *testing.T, k *kit) {
		if _, err := reload.WriteOverlay(k.state, []byte("detectors: light: {dummy: {}, fps: 1}\n")); err != nil {
			t.Fatal(err)
		}
		if got := k.listed(); !strings.Contains(got, "detector/light api overlay.cue:1\n") {
			t.Errorf("nodes\n%s", got)
		}
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1))
		k.wait(reload.Applied)
		if _, g := k.swapped(); len(g.Detectors) != 2 {
			t.Error("the overlay's node went with a reload")
		}
		var o reload.Outcome
		if code := k.call(http.MethodDelete, "/api/v1/nodes/detector/light?write=1", "", &o); code != http.StatusOK {
			t.Errorf("delete: %d %+v", code, o)
		}
		if _, err := os.Stat(reload.OverlayPath(k.state)); !os.IsNotExist(err) {
			t.Errorf("the file of an empty overlay is there: %v", err)
		}
	})
}

// What is no node or breaks the pipeline is refused and changes nothing.
func TestNodesRefused(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		for _, c := range []struct {
			method, path, body string
			code               int
			want               string
		}{
			{http.MethodPost, "/api/v1/nodes", "{", 400, "no node in CUE or JSON"},
			{http.MethodPost, "/api/v1/nodes", "{}", 400, "holds 0 nodes"},
			{http.MethodPost, "/api/v1/nodes", `engine: cores: 1`, 400, "something else than nodes"},
			{http.MethodPost, "/api/v1/nodes", `sinks: {a: stdout: {}, b: stdout: {}}`, 400, "holds 2 nodes"},
			{http.MethodPost, "/api/v1/nodes", `detectors: light: {dumy: {}}`, 422, "dumy"},
			{http.MethodPost, "/api/v1/nodes?plan=1", `detectors: light: {dumy: {}}`, 422, "dumy"},
			{http.MethodPost, "/api/v1/nodes", `cameras: back: rtsp: url: "rtsp://***@camera/1"`, 400, "credential"},
			{http.MethodDelete, "/api/v1/nodes/detector/motion", "", 422, "motion"},
			{http.MethodDelete, "/api/v1/nodes/detector/none", "", 404, "no detector"},
			{http.MethodDelete, "/api/v1/nodes/thing/none", "", 404, "no such role"},
			{http.MethodPost, "/api/v1/nodes", `events: moving: null`, 200, ""},
			{http.MethodPost, "/api/nodes", `{"endpoint": "x:1"}`, 400, "signal"},
			{http.MethodPost, "/api/nodes", `{"signal": "PersonDetected"}`, 400, "endpoint"},
			{http.MethodPost, "/api/nodes", `[]`, 400, "must be"},
			{http.MethodPost, "/api/nodes", `{"endpoint": "x:1", "signal": "CarDetected"}`, 400, "PersonDetected, Custom0"},
			{http.MethodPost, "/api/nodes", `{"endpoint": " h:1 ", "signal": " PersonDetected "}`, 200, "true"},
			{http.MethodPost, "/api/v1/plan", "apiVersion: \"rvo/v1\"\ncameras: front: synthetic: {}", 200, "remove"},
			{http.MethodPost, "/api/v1/plan", `apiVersion: "rvo/v0"`, 422, "rvo/v0"},
		} {
			var answer json.RawMessage
			if code := k.call(c.method, c.path, c.body, &answer); code != c.code || !strings.Contains(string(answer), c.want) {
				t.Errorf("%s %s %s: %d %s, want %d with %s", c.method, c.path, c.body, code, answer, c.code, c.want)
			}
		}
		if n, g := k.swapped(); n != 2 || len(g.Detectors) != 2 || g.Detectors[1].ID != "web_person_detected_0" {
			t.Errorf("%d swaps, detectors %+v", n, g.Detectors)
		}
	})
}

// While what is on disk is refused, nodes are edited in what runs.
func TestNodesBesideABrokenFile(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.put("gate.cue", "{")
		k.wait(reload.Rejected)
		var o reload.Outcome
		if code := k.call(http.MethodPost, "/api/v1/nodes", `detectors: light: {dummy: {}, fps: 1}`, &o); code != http.StatusOK || o.Result != reload.Applied {
			t.Errorf("add: %d %+v", code, o)
		}
		if k.r.Refused() == nil {
			t.Error("the file is still broken, and that is not told any more")
		}
		k.put("gate.cue", base)
		k.wait(reload.Unchanged)
		if _, g := k.swapped(); len(g.Detectors) != 2 || k.r.Refused() != nil {
			t.Errorf("graph %+v, refused %+v", g, k.r.Refused())
		}
	})
}

// The signal of a service may be any that the pipeline has by the name of its detector, of itself, or as a service calls it.
func TestSeedSignals(t *testing.T) {
	text := base + "detectors: counter: fps: 5\ndetectors: counter: grpc: {endpoint: \"http://h:1\", signals: cars: {type: \"int\", wire: \"Vehicles.v2\"}}\n"
	bubble(t, options{text: text}, func(t *testing.T, k *kit) {
		for name, code := range map[string]int{
			"Custom3": 200, "Motion": 200, "motion.level": 200, "Level": 200, "Cars": 200, "Vehicles.v2": 200, "Vehicles": 400, "FaceGone": 400,
		} {
			var answer json.RawMessage
			if got := k.call(http.MethodPost, "/api/nodes", fmt.Sprintf(`{"endpoint": "h:1", "signal": %q}`, name), &answer); got != code {
				t.Errorf("%s: %d %s, want %d", name, got, answer, code)
			}
		}
	})
}

// A service that does not answer is not added, and the answer says what can be done about it.
func TestSeedOfADeadService(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.mu.Lock()
		k.prepare = func(context.Context, *graph.Graph) error {
			return &reload.Error{Node: "detector/web_person_detected_0@front", Step: engine.StepWarmUp, Err: errSink}
		}
		k.mu.Unlock()
		var answer struct {
			OK    bool
			Error string
		}
		code := k.call(http.MethodPost, "/api/nodes", `{"endpoint": "h:1", "signal": "PersonDetected"}`, &answer)
		for _, want := range []string{"nothing was added", "http://h:1", "connection refused", "start it and send this again", "files"} {
			if code != http.StatusBadRequest || answer.OK || !strings.Contains(answer.Error, want) {
				t.Errorf("%d %+v, want %s", code, answer, want)
			}
		}
	})
}
