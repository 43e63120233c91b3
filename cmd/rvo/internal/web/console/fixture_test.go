package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/cmd/rvo/internal/web/console"
)

// site is a server that says what a pipeline with many cameras would, in the types of the API, so that the page can be tried with
// more than this machine could run. Everything follows from the number of cameras and the time.
type site struct {
	cameras int
	records []json.RawMessage // newest first
	begin   time.Time
	token   string

	mu      sync.Mutex
	readers map[chan []byte]bool // of event records
	posted  []string             // bodies sent to /api/v1/nodes
	nodes   map[string]string    // CUE by id
}

func newSite(cameras, events int) *site {
	s := &site{cameras: cameras, begin: time.Now().Add(-time.Hour), readers: map[chan []byte]bool{}, nodes: map[string]string{
		"detector/person": "{\n\tonnx: {model: \"yolox.onnx\"}\n\tfps:  5\n\tcost: \"20ms\"\n}",
		"detector/motion": "{\n\tmotion: {}\n\tfps: 10\n}",
		"event/intrusion": "{\n\twhen: {all: [{signal: \"person.count\", gte: 1}, {not: {signal: \"door.open\"}}]}\n\thold: \"1s\"\n}",
		"camera/cam-000":  "{\n\trtsp: {url: \"rtsp://10.0.0.1/main\"}\n\tfps: 15\n}",
		"sink/log":        "{\n\tjsonl: {path: \"events.jsonl\"}\n}",
	}}
	now := time.Now()
	for i := range events {
		at := now.Add(-time.Duration(i) * 20 * time.Second)
		s.records = append(s.records, s.record(fmt.Sprintf("%016x", i), i, at, "ended"))
	}
	return s
}

func (s *site) camera(i int) string { return fmt.Sprintf("cam-%03d", i%max(1, s.cameras)) }

func kinds() []string { return []string{"intrusion", "loitering", "queue", "door_left_open"} }

func (s *site) record(id string, i int, at time.Time, state string) json.RawMessage {
	r := map[string]any{
		"schema": "rvo.event/v1", "id": id, "event": kinds()[i%4], "camera": s.camera(i * 7), "state": state,
		"severity": []string{"critical", "info", "warning", "warning"}[i%4], "seq": i,
		"time": at.UTC().Format(time.RFC3339Nano), "since": at.Add(-8 * time.Second).UTC().Format(time.RFC3339Nano),
		"confirmed": at.Add(-time.Duration(1+i%7) * time.Second).UTC().Format(time.RFC3339Nano),
		"capture":   at.Add(-time.Duration(1+i%7) * time.Second).UTC().Format(time.RFC3339Nano),
		"run":       "run", "pipeline": "site", "revision": strings.Repeat("ab12", 16), "generation": 3,
		"leaves": []map[string]any{{"path": "when.all[0]", "signal": "person.count", "test": ">= 1", "answer": "yes", "value": 2, "age": "120ms", "frame": 4711}},
	}
	if state == "ended" {
		r["reason"] = "no"
		r["duration"] = "3s"
	}
	if i%3 == 0 {
		r["evidence"] = fmt.Sprintf("%s_%04d", kinds()[i%4], i)
	}
	body, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return body
}

func (s *site) state(at time.Time) *api.State {
	t := at.Sub(s.begin).Seconds()
	ms := at.UnixMilli()
	st := &api.State{
		TimeMS: ms, Run: "run", Pipeline: "site", Revision: strings.Repeat("ab12", 16), Generation: 3, UptimeMS: t * 1000, Started: true,
		Reasons: []api.Reason{}, Ticks: uint64(t * 1000), Memory: api.Memory{Bytes: 900 << 20, Limit: 2 << 30},
		EventsTotal: api.EventsTotal{Confirmed: uint64(len(s.records)), Ended: uint64(len(s.records))},
		Clients:     api.Clients{Subscribers: 3, Watchers: 1},
	}
	st.Cameras, st.Detectors, st.Signals = map[string]*api.Camera{}, map[string]*api.Detector{}, map[string]*api.Signal{}
	st.Events, st.Queues = map[string]*api.Event{}, map[string]*api.Queue{}
	for i := range s.cameras {
		s.one(st, i, t, ms)
	}
	st.Queues["evidence"] = &api.Queue{Depth: 2, Capacity: 8, Policy: "drop_newest", Dropped: 3}
	st.Queues["sink/log"] = &api.Queue{Depth: int(t) % 40, Capacity: 256, Policy: "drop_oldest"}
	st.Queues["sink/slow"] = &api.Queue{Depth: 256, Capacity: 256, Policy: "drop_oldest", Dropped: uint64(t * 3)}
	st.Sinks = map[string]*api.Sink{"log": {Written: uint64(len(s.records))}, "slow": {Error: "POST https://example.test/hook: 503", Written: 12, Waiting: 256, Dropped: uint64(t * 3)}}
	st.Evidence = map[string]*api.Evidence{"clip": {Dir: "clips", Clips: 12, Bytes: 1 << 28, Dropped: map[string]uint64{"encoder_behind": 2}, Short: map[string]uint64{"ring_too_small": 4}}}
	st.Ready = len(st.Reasons) == 0
	return st
}

// one adds a camera and what looks at it.
func (s *site) one(st *api.State, i int, t float64, ms int64) {
	id := s.camera(i)
	c := &api.Camera{
		State: "up", Width: 1920, Height: 1080, FPS: 15 + math.Sin(t/9+float64(i))/4, Frames: uint64(t * 15), Dropped: api.Drops{Superseded: uint64(t / 7)},
		CapturedMS: ms - int64(30+i%50), Buffers: 3, BuffersCapacity: 8, RingBytes: 20 << 20, RingCapacity: 32 << 20,
	}
	switch {
	case i%41 == 5:
		c.State, c.Error, c.FPS = "down", "rtsp://10.0.0.9/main: connection refused", 0
		c.CapturedMS = ms - 95_000
		st.Reasons = append(st.Reasons, api.Reason{Node: "camera/" + id, Why: c.State + ": " + c.Error})
	case i%67 == 3:
		c.State = "frozen"
	}
	st.Cameras[id] = c
	up := c.State == "up"
	for k, name := range []string{"person", "motion", "track"} {
		d := &api.Detector{
			Detector: name, Camera: id, Health: "ok", Doing: "waiting", SinceMS: ms - 80, Offers: uint64(t * 15), Runs: uint64(t * (4 + float64(k))),
			Skips:  map[string]uint64{"rate": uint64(t * 9), "slots": uint64(t * float64((i+k)%3) / 3), "busy": uint64(t / 20)},
			CostMS: []float64{31, 2.1, 0.4}[k] * (1 + float64(i%5)/10), DeclaredMS: []float64{20, 2, 0}[k], MeanMS: []float64{30, 2, 0.4}[k], TimeoutMS: 5000,
			FPS: []float64{5, 10, 5}[k], FPSLimit: []float64{5, 10, 5}[k], Priority: "normal", Threads: 1,
		}
		d.OK = d.Runs
		switch {
		case !up:
			d.Doing, d.Cause = "hindered", "frozen"
		case name == "person" && i%23 == 7:
			d.Health, d.Error, d.Failed, d.Doing, d.Cause = "broken", "yolox.onnx: input is 640 x 640, not 416 x 416", 40, "hindered", "broken"
			st.Reasons = append(st.Reasons, api.Reason{Node: "detector/" + name + "@" + id, Why: d.Health + ": " + d.Error})
		case name == "track":
			d.Doing, d.Cause, d.Missing = "hindered", "needs", "person.boxes"
		}
		st.Detectors[name+"@"+id] = d
	}
	put := func(name, kind string, v any, ttl float64) {
		sig := &api.Signal{Signal: name, Camera: id, Type: kind, Value: v, Fresh: up, CapturedMS: c.CapturedMS, Frame: c.Frames, TTLMS: ttl}
		st.Signals[name+"@"+id] = sig
	}
	phase := t/4 + float64(i)
	n := int(2 + 2*math.Sin(phase))
	put("motion.level", "float", math.Abs(math.Sin(phase))/20, 300)
	put("person.count", "int", n, 700)
	put("person.boxes", "boxes", s.boxes(i, t), 700)
	put("camera.up", "bool", up, 1000)
	st.Signals["camera.up@"+id].Fresh = true
	for k, name := range kinds() {
		e := &api.Event{Event: name, Camera: id, State: "idle", Answer: "no", SinceMS: ms - 60_000, Seq: uint64(i % 9), Severity: []string{"critical", "info", "warning", "warning"}[k]}
		switch {
		case !up:
			e.Answer = "unknown"
		case (i+k)%19 == 0:
			e.State, e.Answer, e.ConfirmedMS = "confirmed", "yes", ms-4000
		case (i+k)%29 == 0:
			e.State, e.Answer = "potential", "yes"
		}
		st.Events[name+"@"+id] = e
	}
	st.Queues["camera/"+id] = &api.Queue{Depth: i % 2, Capacity: 1, Policy: "newest_wins", Dropped: uint64(t / 7)}
}

type box struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	W     float64 `json:"w"`
	H     float64 `json:"h"`
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

func (s *site) boxes(i int, t float64) []box {
	x := 0.4 + 0.3*math.Sin(t/3+float64(i))
	return []box{{x, 0.35, 0.12, 0.4, "person", 0.91}, {0.72, 0.5, 0.2, 0.25, "car", 0.77}}
}

// picture draws what boxes says is there.
func (s *site) picture(i int, t float64) []byte {
	const w, h = 480, 270
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		v := uint8(40 + y/3 + i*13%40)
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{v, v + 6, v + 14 + uint8(x/30), 255})
		}
	}
	draw.Draw(m, image.Rect(0, h*7/10, w, h), image.NewUniform(color.RGBA{70, 72, 70, 255}), image.Point{}, draw.Src)
	for k, b := range s.boxes(i, t) {
		c := []color.RGBA{{210, 160, 120, 255}, {90, 110, 190, 255}}[k]
		draw.Draw(m, image.Rect(int(b.X*w)+5, int(b.Y*h)+5, int((b.X+b.W)*w)-5, int((b.Y+b.H)*h)-5), image.NewUniform(c), image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 80}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// language is as much of the language as the form of a detector shows.
const language = `{"$defs": {
	"Detector": {"properties": {
		"fps": {"description": "At most this many runs a second on each camera."},
		"cost": {"description": "Expected time of one run. Default: what the kind expects."},
		"load": {"description": "What it does when runs take longer than the rate allows.", "enum": ["backoff", "adaptive", "none"]},
		"onnx": {"$ref": "#/$defs/OnnxDetector", "description": "finds things with a neural network from a file"},
		"motion": {"$ref": "#/$defs/MotionDetector", "description": "how much of the picture moves"}
	}},
	"OnnxDetector": {"properties": {"model": {"description": "The network's file."}}},
	"MotionDetector": {"properties": {}}
}}`

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// handler serves the page and the API.
func (s *site) handler(t testing.TB) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	page := console.Handler(func() ([]byte, error) { return []byte(language), nil })
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /console/", page)
	mux.HandleFunc("GET /api/v1/session", func(w http.ResponseWriter, r *http.Request) {
		needed := "nothing"
		if s.token != "" {
			needed = "everything"
		}
		reply(w, api.Session{Authorized: s.known(r), Needed: needed, Token: s.token != ""})
	})
	mux.HandleFunc("POST /api/v1/login", func(w http.ResponseWriter, r *http.Request) {
		var in api.Login
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Token != s.token {
			w.WriteHeader(http.StatusUnauthorized)
			reply(w, api.Error{Error: "this is not the token"})
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "rvo_session", Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		w.WriteHeader(http.StatusNoContent)
	})
	for path, h := range map[string]http.HandlerFunc{
		"GET /api/v1/stream": s.stream, "GET /api/v1/live": s.live, "GET /api/v1/events": s.events, "GET /api/v1/why": s.why,
		"GET /api/v1/graph": s.graph, "GET /api/v1/signals/history": s.history, "GET /api/v1/evidence": s.evidence,
		"GET /api/v1/evidence/{policy}/{clip}": s.meta, "GET /api/v1/evidence/{policy}/{clip}/{file}": s.file,
		"GET /api/v1/nodes": s.listNodes, "POST /api/v1/nodes": s.postNode, "GET /api/v1/reloads": s.reloads,
		"GET /api/v1/config": func(w http.ResponseWriter, _ *http.Request) {
			reply(w, map[string]string{"source": "apiVersion: \"rvo/v1\"\n\ncameras: {\n\t\"cam-000\": {\n\t\trtsp: {url: \"rtsp://10.0.0.1/main\"}\n\t\tfps: 15\n\t}\n}\n"})
		},
		"GET /api/v1/log": func(w http.ResponseWriter, _ *http.Request) {
			reply(w, api.LogLines{Lines: []api.Log{{TimeMS: time.Now().UnixMilli(), Level: "INFO", Message: "pipeline runs", Attrs: map[string]string{"cameras": strconv.Itoa(s.cameras)}}}})
		},
		"POST /api/v1/mute": func(w http.ResponseWriter, _ *http.Request) {
			reply(w, api.Muted{Muted: []string{"intrusion@cam-000"}, UntilMS: time.Now().Add(time.Hour).UnixMilli()})
		},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if s.token != "" && !s.known(r) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				reply(w, api.Error{Error: "this needs the token"})
				return
			}
			h(w, r)
		})
	}
	return mux
}

func (s *site) known(r *http.Request) bool {
	c, err := r.Cookie("rvo_session")
	return s.token != "" && err == nil && c.Value == s.token
}

func (s *site) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	records := make(chan []byte, 16)
	s.mu.Lock()
	s.readers[records] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.readers, records)
		s.mu.Unlock()
	}()
	send := func(name string, v any) {
		body, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, body)
		_ = flush.Flush()
	}
	send("state", s.state(time.Now()))
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case b := <-records:
			send("event", json.RawMessage(b))
		case now := <-tick.C:
			send("delta", s.state(now))
		}
	}
}

// tell sends a record to everybody who listens.
func (s *site) tell(record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.readers {
		select {
		case c <- record:
		default:
		}
	}
}

func (s *site) live(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("cameras"), ",")
	fps, err := strconv.Atoi(r.URL.Query().Get("fps"))
	if err != nil || fps < 1 {
		fps = 2
	}
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
	flush := http.NewResponseController(w)
	tick := time.NewTicker(time.Second / time.Duration(fps))
	defer tick.Stop()
	for {
		now := time.Now()
		t := now.Sub(s.begin).Seconds()
		for _, id := range ids {
			var i int
			if _, err := fmt.Sscanf(id, "cam-%d", &i); err != nil || i%41 == 5 {
				continue
			}
			pic := s.picture(i, t)
			boxes := []map[string]any{}
			for _, b := range s.boxes(i, t) {
				boxes = append(boxes, map[string]any{"signal": "person.boxes", "x": b.X, "y": b.Y, "w": b.W, "h": b.H, "label": b.Label, "score": b.Score})
			}
			head, err := json.Marshal(boxes)
			if err != nil {
				panic(err)
			}
			_, _ = fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\nX-Camera: %s\r\nX-Frame-Seq: %d\r\nX-Frame-Age-Ms: 42\r\nX-Boxes: %s\r\n\r\n", len(pic), id, int(t*15), head)
			_, _ = w.Write(pic)
			_, _ = w.Write([]byte("\r\n"))
		}
		if flush.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func (s *site) events(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 100
	}
	from, err := strconv.Atoi(q.Get("before"))
	if err != nil {
		from = 0
	}
	to := min(from+limit, len(s.records))
	out := api.Records{Records: s.records[from:to], Total: uint64(len(s.records))}
	if to < len(s.records) {
		out.Next = strconv.Itoa(to)
	}
	reply(w, out)
}

func (s *site) why(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	st := s.state(now)
	q := r.URL.Query()
	e := st.Events[q.Get("event")+"@"+q.Get("camera")]
	if e == nil {
		reply(w, api.Why{TimeMS: st.TimeMS})
		return
	}
	m := api.Machine{Event: *e, HoldMS: 1000, GraceMS: 500, UnknownGraceMS: 10_000, CooldownMS: 30_000}
	at := now.UnixMilli()
	m.Tree = &api.Tree{Path: "when", Op: "all", Answer: e.Answer, Of: []*api.Tree{
		{Path: "when.all[0]", Op: "compare", Signal: "person.count", Camera: e.Camera, Test: ">= 1", Answer: "yes", Value: 2, Fresh: true, CapturedMS: at - 140, Frame: 4711, TTLMS: 700, ForMS: 2000},
		{Path: "when.all[1]", Op: "not", Answer: "no", Decided: true, Of: []*api.Tree{
			{Path: "when.all[1].not", Op: "compare", Signal: "door.open", Camera: e.Camera, Test: "= true", Answer: "yes", Value: true, Fresh: true, CapturedMS: at - 2140, TTLMS: 60_000, Decided: true},
		}},
		{Path: "when.all[2]", Op: "compare", Signal: "motion.level", Camera: e.Camera, Test: "> 0.01", Answer: "unknown", Value: 0.02, CapturedMS: at - 9000, Frame: 4600, TTLMS: 300},
	}}
	reply(w, api.Why{TimeMS: at, Machines: []api.Machine{m}})
}

func (s *site) graph(w http.ResponseWriter, _ *http.Request) {
	g := api.Graph{Pipeline: "site", Revision: strings.Repeat("ab12", 16), Generation: 3, Cameras: map[string]api.CameraView{}}
	node := func(role, name, camera, kind, doc string, line int) string {
		id := role + "/" + name
		if camera != "" {
			id += "@" + camera
		}
		g.Nodes = append(g.Nodes, api.Node{
			ID: id, Role: role, Name: name, Camera: camera, Kind: kind, Doc: doc, Place: api.Place{File: "site/pipeline.cue", Line: line, Col: 3}, Inputs: []string{},
			Fields: map[string]json.RawMessage{"fps": json.RawMessage("5"), "options.threshold": json.RawMessage("0.4"), "priority": json.RawMessage(`"normal"`)},
		})
		return id
	}
	edge := func(from, to string) { g.Edges = append(g.Edges, api.Edge{From: from, To: to}) }
	clip, log, slow := node("evidence", "clip", "", "", "", 80), node("sink", "log", "", "jsonl", "records as lines of JSON", 90), node("sink", "slow", "", "webhook", "", 92)
	for i := range s.cameras {
		id := s.camera(i)
		cam := node("camera", id, "", "rtsp", "a network camera", 8+i)
		g.Cameras[id] = api.CameraView{
			Zones: []api.Zone{{Name: "entrance", Polygon: [][2]float64{{0.1, 0.55}, {0.5, 0.5}, {0.6, 0.95}, {0.08, 0.95}}}},
			Masks: []api.Zone{{Name: "sky", Polygon: [][2]float64{{0, 0}, {1, 0}, {1, 0.12}, {0, 0.2}}}},
		}
		person, motion, track := node("detector", "person", id, "onnx", "finds things with a neural network", 30), node("detector", "motion", id, "motion", "", 36), node("detector", "track", id, "track", "", 40)
		edge(cam, person)
		edge(cam, motion)
		edge(person, "signal/person.boxes@"+id)
		edge("signal/person.boxes@"+id, track)
		g.Nodes = append(g.Nodes, api.Node{ID: "signal/person.boxes@" + id, Role: "signal", Name: "person.boxes", Camera: id})
		for k, name := range kinds() {
			ev := node("event", name, id, "", "", 50+5*k)
			edge([]string{person, track, person, motion}[k], ev)
			edge(log, ev) // an event is made after what it needs
			if k == 0 {
				edge(clip, ev)
				edge(slow, ev)
			}
		}
	}
	reply(w, g)
}

func (s *site) history(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	h := api.History{StepMS: 1000, EndMS: now.UnixMilli(), Series: map[string]api.Series{}}
	for _, id := range r.URL.Query()["signal"] {
		var out api.Series
		fresh := []byte{}
		for k := range 300 {
			v := math.Round(100*(2+2*math.Sin((now.Sub(s.begin).Seconds()-300+float64(k))/14+float64(len(id))))) / 100
			if strings.HasPrefix(id, "camera.up") {
				v = 1
			}
			if k > 120 && k < 150 {
				fresh = append(fresh, '0')
			} else {
				fresh = append(fresh, '1')
			}
			out.Values = append(out.Values, &v)
		}
		out.Fresh = string(fresh)
		h.Series[id] = out
	}
	reply(w, h)
}

func (s *site) evidence(w http.ResponseWriter, _ *http.Request) {
	out := api.Clips{}
	now := time.Now()
	for i := 0; i < 60; i += 3 {
		at := now.Add(-time.Duration(i) * 20 * time.Second)
		c := api.Clip{
			Policy: "clip", Clip: fmt.Sprintf("%s_%04d", kinds()[i%4], i), Camera: s.camera(i * 7), Created: at.UTC().Format(time.RFC3339Nano), Bytes: 1 << 21, Frames: 30,
			From: at.Add(-5 * time.Second).UTC().Format(time.RFC3339Nano), To: at.UTC().Format(time.RFC3339Nano), Short: []string{},
			Events: []api.ClipEvent{{ID: fmt.Sprintf("%016x", i), Event: kinds()[i%4], Severity: "warning"}},
		}
		if i%9 == 0 {
			c.Short = []string{"ring_too_small"}
		}
		out.Clips = append(out.Clips, c)
	}
	reply(w, out)
}

func (s *site) meta(w http.ResponseWriter, r *http.Request) {
	at := time.Now().Add(-time.Minute).UTC()
	files := []map[string]any{}
	for i := range 30 {
		files = append(files, map[string]any{"name": fmt.Sprintf("frame_%04d.jpg", i), "size": 70_000, "sha256": strings.Repeat("9f", 32), "frame": 100 + i, "capture": at.Add(time.Duration(i) * 100 * time.Millisecond).Format(time.RFC3339Nano)})
	}
	f := func(k int) string { return at.Add(time.Duration(k) * 100 * time.Millisecond).Format(time.RFC3339Nano) }
	reply(w, map[string]any{
		"clip": r.PathValue("clip"), "camera": "cam-000", "created": f(31), "width": 480, "height": 270, "format": "jpeg", "bytes": 2 << 20,
		"asked": map[string]any{"from": f(-10), "to": f(30), "fps": 0, "quality": 85}, "delivered": map[string]any{"from": f(0), "to": f(29), "frames": 30},
		"short": []map[string]any{{"reason": "ring_too_small", "from": f(-10), "to": f(0)}},
		"files": files,
		"events": []map[string]any{{
			"id": "0000000000000000", "event": "intrusion", "severity": "critical", "confirmed": f(12), "capture": f(10), "revision": "ab12", "generation": 3,
			"leaves": []map[string]any{{"path": "when.all[0]", "signal": "person.count", "test": ">= 1", "answer": "yes", "value": 2, "age": "120ms", "decided": true}},
			"boxes":  []map[string]any{{"signal": "person.boxes", "frame": 110, "capture": f(10), "boxes": s.boxes(0, 10)}},
		}},
	})
}

func (s *site) file(w http.ResponseWriter, r *http.Request) {
	var i int
	if _, err := fmt.Sscanf(r.PathValue("file"), "frame_%d.jpg", &i); err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(s.picture(0, float64(i)))
}

func (s *site) listNodes(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []map[string]any{}
	for k, id := range slices.Sorted(maps.Keys(s.nodes)) {
		role, name, _ := strings.Cut(id, "/")
		source := "file"
		if strings.HasSuffix(name, "_added") {
			source = "api"
		}
		out = append(out, map[string]any{"id": id, "role": role, "name": name, "kind": "", "place": api.Place{File: "site/pipeline.cue", Line: 8 + 6*k, Col: 3}, "source": source, "cue": s.nodes[id]})
	}
	reply(w, map[string]any{"nodes": out})
}

func (s *site) postNode(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	text := body.String()
	s.mu.Lock()
	s.posted = append(s.posted, text)
	s.mu.Unlock()
	if strings.Contains(text, "fps: 5000") {
		w.WriteHeader(http.StatusUnprocessableEntity)
		reply(w, map[string]any{"result": "rejected", "findings": []map[string]any{{
			"code": "RVO001", "severity": "error", "message": "fps must be a rate a second, above 0 and at most 1000, not 5000", "path": "detectors.person.fps", "place": map[string]any{"file": "site/pipeline.cue", "line": 31, "col": 8}, "hint": "5 is usual",
		}}})
		return
	}
	plan := map[string]any{
		"counts":  map[string]int{"keep": 30, "retune": 1},
		"changes": []map[string]any{{"id": "detector/person@cam-000", "action": "retune", "fields": []map[string]any{{"name": "period", "old": 200_000_000, "new": 125_000_000, "class": "retune", "unit": "ns"}}}},
		"pools":   []map[string]any{{"name": "cpu", "old": map[string]any{"slots": 4, "wanted": 1.2}, "new": map[string]any{"slots": 4, "wanted": 1.9}}},
		"memory":  map[string]any{"old": 1 << 30, "new": 1 << 30},
	}
	result := "planned"
	if r.URL.Query().Get("plan") == "" {
		result = "applied"
	}
	reply(w, map[string]any{"result": result, "generation": 4, "plan": plan, "findings": []any{}})
}

func (s *site) reloads(w http.ResponseWriter, _ *http.Request) {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	reply(w, map[string]any{
		"generation": 3, "revision": strings.Repeat("ab12", 16), "watching": true, "files": []string{"site/pipeline.cue"}, "probation": nil,
		"rejected": map[string]any{
			"result": "rejected", "trigger": "file", "at": now,
			"findings": []map[string]any{{"code": "RVO002", "severity": "error", "message": "unknown field \"fpss\" in a detector", "path": "detectors.motion.fpss", "place": map[string]any{"file": "site/pipeline.cue", "line": 37}}},
		},
		"reloads": []map[string]any{{
			"result": "applied", "trigger": "file", "at": now, "generation": 3, "revision": "ab12ab12", "seconds": map[string]float64{"total": 0.12, "commit": 0.0004},
			"changes": []map[string]any{{"id": "detector/person@cam-000", "action": "retune", "fields": []map[string]any{{"name": "options.threshold", "old": 0.4, "new": 0.5}}}},
		}},
	})
}
