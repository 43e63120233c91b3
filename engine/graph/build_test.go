package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

type none struct{}

// kinds are read by Build and never opened.
func kinds(t *testing.T) *node.Set {
	t.Helper()
	c := node.Contract{Doc: "made up", Options: "#Options: {}", Needs: "a test"}
	named := func(name string, change func(*node.Contract)) node.Contract {
		k := c
		k.Name = name
		if change != nil {
			change(&k)
		}
		return k
	}
	emits := func(k *node.Contract) {
		k.Cost = 20 * time.Millisecond
		k.Emits = func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "n", Type: signal.TypeInt}, {Name: "long", Type: signal.TypeBool, TTL: time.Hour}}, nil
		}
	}
	set, err := node.NewSet(
		node.Camera[none](named("file", nil), nil),
		node.Camera[none](named("rtsp", func(k *node.Contract) { k.Live = true }), nil),
		node.Detector[none](named("fake", emits), nil),
		node.Detector[none](named("remote", func(k *node.Contract) { emits(k); k.Blocking = true }), nil),
		node.SinkKind[none](named("log", nil), nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func leaf(name string) *event.Cond {
	return &event.Cond{Signal: name, Path: "when", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}}
}

// spec is a small sound pipeline.
func spec() *graph.Spec {
	return &graph.Spec{
		Name: "p", Revision: "r",
		Cameras: []graph.CameraSpec{{ID: "a", Kind: "file", FPS: 5, Enabled: true}, {ID: "b", Kind: "rtsp", Enabled: true}},
		Detectors: []graph.DetectorSpec{
			{ID: "first", Kind: "fake", FPS: 10, Enabled: true, Priority: graph.Low},
			{ID: "second", Kind: "fake", FPS: 10, Enabled: true, Cameras: []string{"a"}, Needs: []string{"first.n"}, Priority: graph.Normal},
			{ID: "third", Kind: "remote", FPS: 2, Timeout: 300 * time.Millisecond, Enabled: true, When: leaf("second.n"), Priority: graph.Critical, Cameras: []string{"a"}},
		},
		Events: []graph.EventSpec{
			{ID: "e", When: leaf("first.n"), Hold: time.Second, Enabled: true, Evidence: "clip"},
			{ID: "f", When: leaf("second.n"), Enabled: true, Sinks: []string{"two"}},
		},
		Evidence: []graph.EvidenceSpec{{ID: "clip", Pre: 3 * time.Second, Post: time.Second, Quality: 80}},
		Sinks:    []graph.SinkSpec{{ID: "one", Kind: "log"}, {ID: "two", Kind: "log", Queue: 7}},
	}
}

func TestBuild(t *testing.T) {
	g, err := graph.Build(spec(), kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(g.Instances); n != 4 {
		t.Errorf("%d instances, want first on two cameras, second and third on one", n)
	}
	for _, d := range g.Detectors {
		if d.Priority != graph.Critical {
			t.Errorf("%s has priority %d: what a critical detector waits for, through needs and when, is critical", d.ID, d.Priority)
		}
	}
	byName := map[string]*graph.Instance{}
	for i := range g.Instances {
		byName[g.InstanceName(i)] = &g.Instances[i]
	}
	second := byName["second@a"]
	if len(second.Producers) != 1 || g.InstanceName(second.Producers[0]) != "first@a" || len(byName["first@a"].Consumers) != 1 || len(byName["first@b"].Consumers) != 0 {
		t.Errorf("second is wired as %+v", second)
	}
	if third := byName["third@a"]; third.Gate == nil || !third.Blocking {
		t.Errorf("third is %+v", third)
	}
	if byName["first@a"].Seed == byName["first@b"].Seed {
		t.Error("two instances have one seed")
	}

	// One machine on each camera where something is written, and the ring where evidence looks.
	if len(g.Machines) != 3 {
		t.Errorf("%d machines, want e on both cameras and f on a", len(g.Machines))
	}
	for _, c := range g.Cameras {
		if want := 3*time.Second + time.Second + time.Second + 2*time.Second; c.Ring != want || c.RingBytes != graph.DefaultRingMemory/2 || c.Quality != 80 {
			t.Errorf("camera %s: ring %v of %d bytes at quality %d, want %v: pre, post, hold and slack", c.ID, c.Ring, c.RingBytes, c.Quality, want)
		}
	}
	if e := g.Events[0]; len(e.Sinks) != 2 {
		t.Errorf("an event that names no sink has %d of 2", len(e.Sinks))
	}
	if f := g.Events[1]; len(f.Sinks) != 1 || g.Sinks[f.Sinks[0]].Queue != 7 || g.Sinks[0].Queue != graph.DefaultSinkQueue {
		t.Errorf("sinks %+v", g.Sinks)
	}
}

// TestTTL: three periods and a cost, at the lowest of the rates that matter; the timeout is the cost of a remote detector.
func TestTTL(t *testing.T) {
	s := spec()
	s.Detectors[0].TTL = map[string]time.Duration{"long": time.Minute}
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{
		"first.n@a":     3*200*time.Millisecond + 20*time.Millisecond,  // the camera gives 5 a second
		"first.n@b":     3*100*time.Millisecond + 20*time.Millisecond,  // its rate is not known
		"first.long@a":  time.Minute,                                   // the pipeline's word
		"second.long@a": time.Hour,                                     // the kind's
		"second.n@a":    3*200*time.Millisecond + 20*time.Millisecond,  // its producer's rate
		"third.n@a":     3*500*time.Millisecond + 300*time.Millisecond, // its own, and its timeout
	}
	for i := range g.Cells {
		c := &g.Cells[i]
		if ttl, ok := want[c.Signal+"@"+g.Cameras[c.Camera].ID]; ok {
			delete(want, c.Signal+"@"+g.Cameras[c.Camera].ID)
			if c.TTL != ttl {
				t.Errorf("%s on %s: ttl %v, want %v", c.Signal, g.Cameras[c.Camera].ID, c.TTL, ttl)
			}
		}
	}
	for name := range want {
		t.Errorf("no cell %s", name)
	}
}

// TestFloors: an adaptive detector has a tenth of its rate as floor, a value lives as long as the lowest rate asks, and a
// camera's priority moves that of its detectors within the range there is.
func TestFloors(t *testing.T) {
	s := spec()
	s.Cameras[0].FPS = 0
	s.Detectors[0].Load = graph.LoadAdaptive
	low, critical := graph.Low, graph.Critical
	s.Cameras[0].Priority, s.Cameras[1].Priority = &low, &critical
	s.Detectors[2].When, s.Detectors[2].Priority = nil, graph.Low // so that nothing is critical by inheritance
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	if d := g.Detectors[0]; d.MinFPS != 1 || d.Slowest != time.Second {
		t.Errorf("minFps %v, slowest period %v, want 1 and 1s", d.MinFPS, d.Slowest)
	}
	for i := range g.Cells {
		if c := &g.Cells[i]; c.Signal == "first.n" && c.TTL != 3*time.Second+20*time.Millisecond {
			t.Errorf("ttl %v: must be by the lowest rate", c.TTL)
		}
	}
	for i := range g.Instances {
		want := map[string]graph.Priority{"first@a": graph.Low, "first@b": graph.High, "second@a": graph.Low, "third@a": graph.Low}[g.InstanceName(i)]
		if got := g.Instances[i].Priority; got != want {
			t.Errorf("%s has priority %d, want %d", g.InstanceName(i), got, want)
		}
	}
}

func TestDisabled(t *testing.T) {
	s := spec()
	s.Detectors[0].Enabled = false
	s.Detectors[1].Needs = nil
	s.Cameras[1].Enabled = false
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Cameras) != 1 || len(g.Detectors) != 2 || len(g.Instances) != 2 {
		t.Errorf("%d cameras, %d detectors, %d instances: what is disabled must not be there", len(g.Cameras), len(g.Detectors), len(g.Instances))
	}
	if want := []string{"camera/b", "detector/first"}; !slices.Equal(g.Disabled, want) {
		t.Errorf("disabled are %q, want %q", g.Disabled, want)
	}
	for _, c := range g.Cells {
		if c.Detector == "first" && c.Instance != -1 {
			t.Errorf("cell %+v of a disabled detector is written by something", c)
		}
	}
}

// TestBuildRefuses: each fault is named with the node and what is wrong, and nothing is built.
func TestBuildRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*graph.Spec)
		want  string
	}{
		"no camera":          {func(s *graph.Spec) { s.Cameras = nil; s.Detectors = nil; s.Events = nil }, "no camera"},
		"bad id":             {func(s *graph.Spec) { s.Cameras[0].ID = "../a" }, `camera "../a": an id`},
		"twice":              {func(s *graph.Spec) { s.Cameras[1].ID = "a" }, `camera "a" is there twice`},
		"reserved":           {func(s *graph.Spec) { s.Detectors[0].ID = "camera" }, "reserved"},
		"unknown kind":       {func(s *graph.Spec) { s.Sinks[0].Kind = "kafka" }, `no kind "kafka"`},
		"bad options":        {func(s *graph.Spec) { s.Cameras[0].Options = json.RawMessage(`{"x":1}`) }, `camera "a": file options`},
		"rate 0":             {func(s *graph.Spec) { s.Detectors[0].FPS = 0 }, "fps 0 must be above 0"},
		"floor above rate":   {func(s *graph.Spec) { s.Detectors[0].MinFPS = 11 }, "minFps 11 must not be above fps 10"},
		"all reserved":       {func(s *graph.Spec) { s.Engine = graph.EngineSpec{Cores: 2, Reserve: 2} }, "reserve 2 of 2"},
		"negative":           {func(s *graph.Spec) { s.Cameras[0].Ring = -1 }, "must not be negative"},
		"lockstep and live":  {func(s *graph.Spec) { s.Cameras[0].Pace = graph.PaceLockstep }, "same pace"},
		"live in lockstep":   {func(s *graph.Spec) { s.Cameras[1].Pace = graph.PaceLockstep }, "cannot wait"},
		"unknown need":       {func(s *graph.Spec) { s.Detectors[1].Needs = []string{"nobody.n"} }, `needs "nobody.n": there is no such signal`},
		"own need":           {func(s *graph.Spec) { s.Detectors[1].Needs = []string{"second.n"} }, "its own signal"},
		"need not there":     {func(s *graph.Spec) { s.Detectors[0].Cameras = []string{"b"} }, `does not run on camera "a"`},
		"cycle":              {func(s *graph.Spec) { s.Detectors[0].When = leaf("third.n") }, "first -> third -> second -> first"},
		"unknown camera":     {func(s *graph.Spec) { s.Detectors[1].Cameras = []string{"c"} }, `no camera "c"`},
		"no such signal":     {func(s *graph.Spec) { s.Events[0].When = leaf("first.m") }, `event "e"`},
		"no condition":       {func(s *graph.Spec) { s.Events[0].When = nil }, "no condition"},
		"endless pulse":      {func(s *graph.Spec) { e := &s.Events[0]; e.Hold, e.HasMax = 0, true }, `event "e"`},
		"flood of pulses":    {func(s *graph.Spec) { e := &s.Events[0]; e.Hold, e.HasMax = time.Nanosecond, true }, "every 1ns"},
		"flood of updates":   {func(s *graph.Spec) { s.Events[0].Updates = time.Millisecond }, "updates 1ms must be at least 100ms"},
		"no such evidence":   {func(s *graph.Spec) { s.Events[0].Evidence = "film" }, `no evidence "film"`},
		"no such sink":       {func(s *graph.Spec) { s.Events[0].Sinks = []string{"x"} }, `no sink "x"`},
		"quality":            {func(s *graph.Spec) { s.Evidence[0].Quality = 101 }, "quality 101"},
		"ttl of no signal":   {func(s *graph.Spec) { s.Detectors[0].TTL = map[string]time.Duration{"m": 1} }, "no such signal"},
		"ttl 0":              {func(s *graph.Spec) { s.Detectors[0].TTL = map[string]time.Duration{"n": 0} }, "must be above 0"},
		"event with nothing": {func(s *graph.Spec) { s.Events[1].Cameras = []string{"b"} }, "none of its signals"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec()
			c.spoil(s)
			g, err := graph.Build(s, kinds(t))
			if err == nil || g != nil {
				t.Fatalf("built %v, error %v: never both and never neither", g != nil, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

// TestBuildTellsAll: several faults are told at once.
func TestBuildTellsAll(t *testing.T) {
	s := spec()
	s.Detectors[0].FPS, s.Cameras[0].Kind, s.Sinks[0].Queue = -1, "none", -1
	_, err := graph.Build(s, kinds(t))
	if err == nil || !strings.Contains(err.Error(), "fps -1") || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("error %v must name both faults", err)
	}
}

func TestClassOf(t *testing.T) {
	for d, want := range map[time.Duration]graph.CostClass{
		5 * time.Millisecond: graph.CostLow, 6 * time.Millisecond: graph.CostMedium,
		30 * time.Millisecond: graph.CostMedium, 31 * time.Millisecond: graph.CostHigh,
	} {
		if got := graph.ClassOf(d); got != want {
			t.Errorf("a cost of %v is of class %d, want %d", d, got, want)
		}
	}
}
