package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// kit is a pipeline of made-up nodes for tests in a bubble of virtual time.
type kit struct {
	t       testing.TB
	spec    graph.Spec
	cams    map[string]*fakeCamera
	dets    map[string]func(ctx context.Context, n uint64, run *node.Run) error
	sinkErr atomic.Pointer[error]
	// networks are the identities of models, by detector; of those that are not in it nothing is known.
	networks map[string]node.Identity

	mu      sync.Mutex
	records []node.Record
	looked  map[string][]uint64 // by detector: the pictures it looked at
	closed  map[string]int      // by detector: how often its model was closed
	pools   map[*frame.Pool]bool
	opened  atomic.Int64 // sinks that are open
	cfg     Config
}

// fakeCamera gives pictures by script.
type fakeCamera struct {
	live   bool
	frames int                                    // 0: endless
	open   func(try int) error                    // nil: always opens
	next   func(ctx context.Context, n int) error // nil: always gives one
	gap    time.Duration                          // of a live one
	tries  atomic.Int64
	format frame.Format
	still  *atomic.Bool // it repeats its last picture while set
}

type options struct {
	Name  string        `json:"name"`
	Rev   int           `json:"rev,omitempty"`
	Level int64         `json:"level,omitempty"`
	Took  time.Duration `json:"took,omitempty"` // of a run of kind tuned
}

func newKit(t testing.TB) *kit {
	t.Helper()
	return &kit{
		t: t, cams: map[string]*fakeCamera{}, dets: map[string]func(context.Context, uint64, *node.Run) error{},
		looked: map[string][]uint64{}, closed: map[string]int{}, pools: map[*frame.Pool]bool{}, spec: graph.Spec{Name: "test", Revision: "rev", Engine: graph.EngineSpec{Cores: 4}},
	}
}

func (k *kit) camera(id string, fps float64, c *fakeCamera) *graph.CameraSpec {
	k.cams[id] = c
	kind := "file"
	if c.live {
		kind = "live"
		c.gap = time.Duration(float64(time.Second) / fps)
	}
	o, _ := json.Marshal(options{Name: id})
	k.spec.Cameras = append(k.spec.Cameras, graph.CameraSpec{ID: id, Kind: kind, Options: o, FPS: fps, Enabled: true})
	return &k.spec.Cameras[len(k.spec.Cameras)-1]
}

func (k *kit) detector(id string, fps float64, f func(ctx context.Context, n uint64, run *node.Run) error) *graph.DetectorSpec {
	k.does(id, f)
	o, _ := json.Marshal(options{Name: id})
	k.spec.Detectors = append(k.spec.Detectors, graph.DetectorSpec{ID: id, Kind: "fake", Options: o, FPS: fps, Enabled: true, Priority: graph.Normal})
	return &k.spec.Detectors[len(k.spec.Detectors)-1]
}

// does sets what detectors of that name do.
func (k *kit) does(name string, f func(ctx context.Context, n uint64, run *node.Run) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dets[name] = f
}

// closes returns how often models of that name were closed.
func (k *kit) closes(name string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed[name]
}

// says makes a detector that takes that long and counts that many.
func says(took time.Duration, count int64) func(context.Context, uint64, *node.Run) error {
	return func(_ context.Context, _ uint64, run *node.Run) error {
		time.Sleep(took)
		run.Set("count", signal.Int(count))
		run.Set("boxes", signal.Boxes([]signal.Box{{X: 0.1, Y: 0.1, W: 0.5, H: 0.5, Score: 0.9, Label: "thing"}}))
		return nil
	}
}

func (k *kit) event(id, sig string, hold time.Duration) *graph.EventSpec {
	k.spec.Events = append(k.spec.Events, graph.EventSpec{
		ID: id, Enabled: true, Severity: "info", Hold: hold, UnknownGrace: graph.DefaultUnknownGrace,
		When: &event.Cond{Signal: sig, Path: "when", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}},
	})
	return &k.spec.Events[len(k.spec.Events)-1]
}

func (k *kit) sink() {
	k.spec.Sinks = append(k.spec.Sinks, graph.SinkSpec{ID: "memory", Kind: "memory"})
}

// graph builds what was described.
func (k *kit) graph() *graph.Graph {
	k.t.Helper()
	slices.SortFunc(k.spec.Detectors, func(a, b graph.DetectorSpec) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	base := node.Contract{Doc: "a made-up node", Options: "#Options: name: string"}
	file, live, det, sink := base, base, base, base
	file.Name, live.Name, det.Name, sink.Name = "file", "live", "fake", "memory"
	live.Live = true
	det.Emits = func(json.RawMessage) ([]node.Emit, error) {
		return []node.Emit{{Name: "count", Type: signal.TypeInt}, {Name: "boxes", Type: signal.TypeBoxes}}, nil
	}
	device, only, tuned := live, sink, det
	device.Name, device.Exclusive, only.Name, only.Exclusive = "device", true, "only", true
	tuned.Name, tuned.Changes = "tuned", map[string]node.Change{"level": node.Retune}
	waiting := det
	waiting.Name, waiting.Blocking = "waiting", true
	outside := det
	outside.Name, outside.NoFrame, outside.External = "outside", true, true
	openDet := func(_ context.Context, _ node.DetectorEnv, o options) (node.Model, error) {
		if o.Name == "missing" {
			return nil, errTest
		}
		return looseModel{fakeModel: &fakeModel{k, o.Name}}, nil
	}
	openCam := func(env node.CameraEnv, o options) (node.Source, error) {
		if o.Name == "panics" {
			panic("odd")
		}
		return &fakeSource{k: k, c: k.cams[o.Name], env: env}, nil
	}
	openSink := func(_ context.Context, _ node.Env, o options) (node.Sink, error) {
		if o.Name == "refuses" {
			return nil, errTest
		}
		k.opened.Add(1)
		return memory{k, o.Name}, nil
	}
	openTuned := func(_ context.Context, _ node.DetectorEnv, o options) (node.Model, error) {
		t, err := node.NewTuned(o, func(o options) (options, error) {
			if o.Level == 13 {
				panic("unlucky")
			}
			if o.Level < 0 {
				return o, errTest
			}
			return o, nil
		})
		return &levelModel{t}, err
	}
	set, err := node.NewSet(
		node.Camera(file, openCam), node.Camera(live, openCam), node.Camera(device, openCam),
		node.Detector(det, openDet), node.Detector(waiting, openDet), node.Detector(outside, openDet), node.Detector(tuned, openTuned),
		node.SinkKind(sink, openSink), node.SinkKind(only, openSink),
	)
	if err != nil {
		k.t.Fatal(err)
	}
	g, err := graph.Build(&k.spec, set)
	if err != nil {
		k.t.Fatal(err)
	}
	return g
}

func (k *kit) engine() *Engine {
	k.t.Helper()
	k.cfg.Graph, k.cfg.RunID = k.graph(), "run"
	if k.cfg.StateDir == "" {
		k.cfg.StateDir = k.t.TempDir()
	}
	if testing.Verbose() && k.cfg.Log == nil {
		k.cfg.Log = slog.New(slog.NewTextHandler(testWriter{k.t}, nil))
	}
	e, err := New(k.cfg)
	if err != nil {
		k.t.Fatal(err)
	}
	return e
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) { w.t.Log(string(b[:len(b)-1])); return len(b), nil }

// run runs the pipeline for d and checks that nothing is left: no picture, no buffer.
func (k *kit) run(d time.Duration) *Engine {
	k.t.Helper()
	e := k.engine()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := e.Run(ctx); err != nil {
		k.t.Fatal(err)
	}
	k.clean()
	return e
}

func (k *kit) clean() {
	k.t.Helper()
	for p := range k.pools {
		if s := p.Stats(); s.Held != 0 || s.Bytes != 0 {
			k.t.Errorf("%d frame buffers are still held after the run, and %d bytes", s.Held, s.Bytes)
		}
	}
	if n := k.opened.Load(); n != 0 {
		k.t.Errorf("%d sinks are still open after the run", n)
	}
}

func (k *kit) states() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, r := range k.records {
		s := r.Event + "@" + r.Camera + " " + r.State
		if r.Reason != "" {
			s += " " + r.Reason
		}
		out = append(out, s)
	}
	return out
}

type fakeSource struct {
	k   *kit
	c   *fakeCamera
	env node.CameraEnv
}

func (s *fakeSource) Open(context.Context) (node.Stream, error) {
	try := int(s.c.tries.Add(1))
	if s.c.open != nil {
		if err := s.c.open(try); err != nil {
			return nil, err
		}
	}
	return &fakeStream{fakeSource: s}, nil
}

type fakeStream struct {
	*fakeSource
	n, last int
}

func (s *fakeStream) Info() node.StreamInfo {
	return node.StreamInfo{Width: 64, Height: 48, FPS: s.env.FPS}
}
func (s *fakeStream) Close() error { return nil }

func (s *fakeStream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if s.c.frames > 0 && s.n >= s.c.frames {
		return nil, io.EOF
	}
	if s.c.live && s.n > 0 {
		select {
		case <-time.After(s.c.gap):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.n++
	if s.c.next != nil {
		if err := s.c.next(ctx, s.n); err != nil {
			return nil, err
		}
	}
	if p, ok := alloc.(*frame.Pool); ok && s.n == 1 {
		s.k.mu.Lock()
		s.k.pools[p] = true
		s.k.mu.Unlock()
	}
	f, err := alloc.Get(s.c.format, 64, 48)
	if err != nil {
		return nil, err
	}
	if s.c.still == nil || !s.c.still.Load() {
		s.last = s.n
	}
	for i := range f.Pix() {
		f.Pix()[i] = byte(s.last)
	}
	if !s.c.live {
		f.PTS = time.Duration(float64(s.n-1) / s.env.FPS * float64(time.Second))
	}
	return f, nil
}

type fakeModel struct {
	k    *kit
	name string
}

func (m *fakeModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return &fakeInstance{m}, nil
}

func (m *fakeModel) Close() error {
	m.k.mu.Lock()
	defer m.k.mu.Unlock()
	m.k.closed[m.name]++
	return nil
}

// looseModel is a model of a type that cannot be compared, as models may be.
type looseModel struct {
	*fakeModel
	_ []int
}

// Identity implements node.Identifier.
func (m *fakeModel) Identity() node.Identity { return m.k.networks[m.name] }

type fakeInstance struct{ *fakeModel }

func (*fakeInstance) Close() error { return nil }

func (i *fakeInstance) Detect(ctx context.Context, run *node.Run) error {
	i.k.mu.Lock()
	for _, f := range run.Frames {
		i.k.looked[i.name] = append(i.k.looked[i.name], f.Seq)
	}
	detect := i.k.dets[i.name]
	i.k.mu.Unlock()
	return detect(ctx, run.N, run)
}

type memory struct {
	k    *kit
	name string
}

func (m memory) Write(_ context.Context, r *node.Record, line []byte) error {
	if err := m.k.sinkErr.Load(); err != nil && (m.name == "" || m.name == "fails") {
		return *err
	}
	if !json.Valid(line) {
		return fmt.Errorf("not JSON: %s", line)
	}
	m.k.mu.Lock()
	defer m.k.mu.Unlock()
	m.k.records = append(m.k.records, *r)
	return nil
}
func (m memory) Close() error { m.k.opened.Add(-1); return nil }

// levelModel says its level, which can be changed while it runs.
type levelModel struct{ *node.Tuned[options, options] }

func (m *levelModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return levelInstance{m}, nil
}

func (m *levelModel) Close() error {
	if m.Now().Name == "panics" {
		panic("at the end")
	}
	return nil
}

type levelInstance struct{ *levelModel }

func (i levelInstance) Detect(_ context.Context, run *node.Run) error {
	o := i.Now()
	time.Sleep(o.Took)
	run.Set("count", signal.Int(o.Level))
	return nil
}

var errTest = errors.New("made to fail")
