package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/logs"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/event"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// still is an engine in which time stands: two cameras, a detector, an event, and clips on disk.
type still struct {
	g    *graph.Graph
	dir  string
	pool *frame.Pool

	mu       sync.Mutex
	now      tick.Time
	seq      uint64
	pictures int
	records  chan []byte
	quiet    bool // the cameras give nothing
	edit     func(*engine.View)
	tells    []string
}

const wallStart = 1_700_000_000

func newStill(t testing.TB) *still {
	t.Helper()
	base := node.Contract{Doc: "a made-up node", Options: "#Options: {}"}
	cam, det, outside := base, base, base
	cam.Name, cam.Live, det.Name, outside.Name, outside.NoFrame, outside.External = "cam", true, "look", "outside", true, true
	det.Emits = func(json.RawMessage) ([]node.Emit, error) {
		return []node.Emit{{Name: "count", Type: signal.TypeInt}, {Name: "boxes", Type: signal.TypeBoxes}, {Name: "mood", Type: signal.TypeLabel}}, nil
	}
	outside.Emits = func(json.RawMessage) ([]node.Emit, error) {
		return []node.Emit{{Name: "open", Type: signal.TypeBool}}, nil
	}
	no := errors.New("nothing is opened here")
	type none struct{}
	set, err := node.NewSet(
		node.Camera(cam, func(node.CameraEnv, none) (node.Source, error) { return nil, no }),
		node.Detector(det, func(context.Context, node.DetectorEnv, none) (node.Model, error) { return nil, no }),
		node.Detector(outside, func(context.Context, node.DetectorEnv, none) (node.Model, error) { return nil, no }),
	)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	yard := []graph.ZoneSpec{{Name: "yard", Polygon: signal.Polygon{{X: 0.1, Y: 0.1}, {X: 0.9, Y: 0.1}, {X: 0.5, Y: 0.9}}}}
	spec := graph.Spec{
		Name: "test", Revision: "rev",
		Cameras: []graph.CameraSpec{
			{ID: "gate", Kind: "cam", Options: json.RawMessage("{}"), FPS: 10, Enabled: true, Zones: yard, Masks: yard},
			{ID: "yard", Kind: "cam", Options: json.RawMessage("{}"), FPS: 10, Enabled: true},
		},
		Detectors: []graph.DetectorSpec{
			{ID: "door", Kind: "outside", Options: json.RawMessage("{}"), FPS: 1, Enabled: true, Priority: graph.Normal},
			{ID: "look", Kind: "look", Options: json.RawMessage("{}"), FPS: 5, Enabled: true, Priority: graph.High},
		},
		Events: []graph.EventSpec{{
			ID: "seen", Enabled: true, Severity: "warning", Hold: time.Second, UnknownGrace: 10 * time.Second, Evidence: "clip",
			When: &event.Cond{Op: event.OpAll, Path: "when", Of: []*event.Cond{
				{Signal: "look.count", Path: "when.all.0", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}},
				{Op: event.OpAbsent, Signal: "door.open", Path: "when.all.1"},
			}},
		}},
		Evidence: []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 80, Dir: dir}},
	}
	g, err := graph.Build(&spec, set)
	if err != nil {
		t.Fatal(err)
	}
	s := &still{g: g, dir: dir, pool: frame.NewPool(frame.PoolOptions{Camera: "gate", Slabs: 8}), now: tick.Time(time.Minute), records: make(chan []byte, 64)}
	t.Cleanup(func() {
		if n := s.pool.Stats().Held; n != 0 {
			t.Errorf("%d pictures are still held", n)
		}
		s.pool.Close()
	})
	return s
}

func (s *still) cells() []signal.Cell {
	cells := make([]signal.Cell, len(s.g.Cells))
	for i := range cells {
		cells[i].TTL = s.g.Cells[i].TTL
		switch c := &s.g.Cells[i]; c.Signal {
		case "look.count":
			cells[i].Set(signal.Int(int64(s.now/tick.Time(time.Second))), s.now.Add(-100*time.Millisecond), s.now, 7)
		case "look.boxes":
			cells[i].Set(signal.Boxes([]signal.Box{{X: 0.2, Y: 0.2, W: 0.5, H: 0.5, Score: 0.5, Label: "thing"}}), s.now, s.now, 7)
		case "look.mood":
			cells[i].Set(signal.Label("calm"), s.now, s.now, 7)
		}
	}
	return cells
}

func (s *still) View() engine.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := engine.View{
		Status: engine.Status{Run: "run", Pipeline: "test", Revision: "rev", Generation: 1, Started: true, Uptime: time.Duration(s.now), Reasons: []engine.Reason{}},
		Graph:  s.g, Now: s.now, Wall: s.At(s.now), Ticks: 99, Cells: s.cells(),
		Lanes: make([]engine.LaneView, len(s.g.Instances)), Machines: make([]sched.MachineLook, len(s.g.Machines)),
		Queues:   []engine.QueueView{{Name: "log", Capacity: 512, Policy: "drop_oldest"}},
		Policies: []evidence.PolicyStatus{{ID: "clip", Dir: s.dir}},
	}
	for i := range s.g.Cameras {
		v.Cameras = append(v.Cameras, engine.CameraStatus{ID: s.g.Cameras[i].ID, State: "up", Width: 64, Height: 48, FPS: 10, Frames: 600})
		v.Cams = append(v.Cams, engine.CameraView{Captured: s.now})
	}
	for i := range s.g.Instances {
		in := &s.g.Instances[i]
		v.Detectors = append(v.Detectors, engine.DetectorStatus{
			ID: s.g.Detectors[in.Detector].ID, Camera: s.g.CameraID(in.Camera), Health: "ok", Skipped: map[string]uint64{"rate": 3},
			Error: "dial rtsp://joe:hunter2@cam/live",
		})
		v.Lanes[i] = engine.LaneView{Period: in.Period, Doing: sched.Explanation{Hindered: true, Cause: sched.SkipNeeds, Signal: "look.count", Until: tick.Never}}
	}
	if s.edit != nil {
		s.edit(&v)
	}
	return v
}

func (s *still) Reason(ev, camera string, most int) engine.Reasoning {
	r := engine.Reasoning{Graph: s.g, Now: s.now, Wall: s.At(s.now), Cells: s.cells()}
	for i := range s.g.Machines {
		m := &s.g.Machines[i]
		if ev != "" && s.g.Events[m.Event].ID != ev || camera != "" && s.g.CameraID(m.Camera) != camera || len(r.Machines) == most {
			continue
		}
		leaves, answers := m.Program.ExplainTree(r.Cells, m.Program.NewState(), s.now)
		r.Machines = append(r.Machines, engine.Reasoned{Machine: i, Leaves: leaves, Answers: answers})
	}
	return r
}

func (s *still) Found(string) []engine.Found {
	return []engine.Found{{Signal: "look.boxes", Capture: s.now, Boxes: []signal.Box{{X: 0.2, Y: 0.2, W: 0.5, H: 0.5, Score: 0.5, Label: "thing"}}}}
}

func (s *still) At(t tick.Time) time.Time { return time.Unix(wallStart, int64(t)).UTC() }

func (s *still) Picture(ctx context.Context, camera string) (*frame.Frame, error) {
	if s.g.CameraIndex(camera) < 0 {
		return nil, engine.ErrNoCamera
	}
	s.mu.Lock()
	quiet := s.quiet
	s.pictures++
	s.seq++
	seq := s.seq
	s.mu.Unlock()
	if quiet {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	select {
	case <-time.After(time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f, err := s.pool.Get(frame.Gray, 64, 48)
	if err != nil {
		return nil, err
	}
	for i := range f.Pix() {
		f.Pix()[i] = byte(seq)
	}
	f.Seq, f.Capture = seq, s.now
	return f, nil
}

func (s *still) Record(ctx context.Context) ([]byte, bool) {
	select {
	case line := <-s.records:
		return line, true
	case <-ctx.Done():
		return nil, false
	}
}

func (s *still) Mute(ev, camera string, d time.Duration) ([]engine.Muted, error) {
	if ev != "seen" {
		return nil, &engine.TellError{Field: "event", Why: fmt.Sprintf("no event %q runs", ev)}
	}
	s.tells = append(s.tells, fmt.Sprintf("mute %s %s %v", ev, camera, d))
	return []engine.Muted{{Event: ev, Camera: camera}}, nil
}

func (s *still) Tell(name, camera string, value json.RawMessage, age time.Duration) error {
	if name != "door.open" {
		return &engine.TellError{Field: "signal", Why: fmt.Sprintf("no signal %q is told from outside", name)}
	}
	if _, err := engine.ParseValue(signal.TypeBool, value); err != nil {
		return &engine.TellError{Field: "value", Why: err.Error()}
	}
	s.tells = append(s.tells, fmt.Sprintf("tell %s %s %s %v", name, camera, value, age))
	return nil
}

// clip writes a clip's folder as the recorder does, and returns its name.
func (s *still) clip(t testing.TB, ev, camera string, minute int) string {
	t.Helper()
	name := fmt.Sprintf("%s_%s_20261122T18%02d00.000Z_0123456789ab", ev, camera, minute)
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	m := evidence.Manifest{
		Schema: evidence.ManifestSchema, Clip: name, Policy: "clip", Camera: camera, Created: "2026-11-22T18:00:00Z", Bytes: 5,
		Events: []evidence.ManifestEvent{{ID: "id", Event: ev}}, Short: []evidence.ManifestShort{{Reason: "ring"}},
		Delivered: evidence.DeliveredWindow{Frames: 1}, Snapshot: &evidence.ManifestSnapshot{File: "snapshot.jpg"},
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "meta.json"), string(data))
	write(t, filepath.Join(dir, "frame_0001.jpg"), "0123456789")
	return name
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// showing returns a handler that shows an engine on loopback, and its live part, which runs until the end of the test.
func showing(t testing.TB, e Engine) (*handler, *live) {
	t.Helper()
	c, _ := config(t)
	c.Log = slog.New(slog.DiscardHandler)
	c.Engine, c.Token, c.Tap = e, token, NewLogTap(logs.New(io.Discard, logs.Options{}))
	c.Pipeline = func([]byte) (*plan.Running, error) {
		return &plan.Running{Schema: plan.ConfigSchema, Side: plan.Side{Pipeline: "test", Load: &analysis.Report{}, Nodes: []graph.Node{
			{ID: "camera/gate", Fields: []graph.Field{{Name: "kind", Value: json.RawMessage(`"cam"`)}}},
			{ID: "detector/look@gate", Inputs: []string{"camera/gate"}, Place: graph.Place{File: "p.cue", Line: 3}},
		}}}, nil
	}
	m := newMetrics(c.Registry)
	l := newLive(c, m)
	stop := l.start()
	t.Cleanup(stop)
	h := newHandler(c, "127.0.0.1", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9090}, m, l)
	at := time.Now()
	h.guard.requests = newLimiter(requestRate, 1e9, func() time.Time { return at })
	return h, l
}

// ask makes a request with the token.
func ask(h http.Handler, method, target, body string) *answer {
	return askWith(h, method, target, body, map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"})
}
