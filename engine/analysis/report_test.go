package analysis_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/analysis"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// build makes a graph of so many cameras with 10 pictures a second, two slots unless the spec says otherwise.
func build(t testing.TB, cameras int, spec graph.Spec) *graph.Graph {
	t.Helper()
	spec.Name, spec.Revision = "p", "r"
	if spec.Engine.Cores == 0 {
		spec.Engine.Cores = 2
	}
	for i := range cameras {
		spec.Cameras = append(spec.Cameras, graph.CameraSpec{ID: fmt.Sprintf("c%04d", i), Kind: "lens", FPS: 10, Enabled: true})
	}
	for i := range spec.Detectors {
		spec.Detectors[i].Enabled = true
		if spec.Detectors[i].Kind == "" {
			spec.Detectors[i].Kind = "local"
		}
	}
	for i := range spec.Events {
		spec.Events[i].Enabled = true
	}
	g, err := graph.Build(&spec, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// exact is a machine on which nothing costs anything but runs.
func exact() analysis.Options {
	return analysis.Options{Overhead: &analysis.Number{}, Ingest: &analysis.Number{}, Jitter: &analysis.Number{}}
}

const ms = time.Millisecond

// TestOneDetector is the whole of a bound by hand: 10 pictures a second, one run of 20 ms for every second one. The truth
// begins just after a picture was captured that is looked at; two periods later comes the next, and 20 ms later the event.
func TestOneDetector(t *testing.T) {
	g := build(t, 1, graph.Spec{
		Detectors: []graph.DetectorSpec{{ID: "d", FPS: 5, Cost: 20 * ms}},
		Events:    []graph.EventSpec{{ID: "e", When: leaf("d"), Hold: 500 * ms}},
	})
	r := analysis.Analyze(g, exact())
	in := &r.Instances[0]
	if in.Response.Total != analysis.Span(20*ms) || in.Age != analysis.Span(220*ms) || in.Latency.Total != analysis.Span(220*ms) {
		t.Errorf("response %v, age %v, latency %v, want 20ms, 220ms, 220ms", in.Response.Total, in.Age, in.Latency.Total)
	}
	if e := &r.Events[0]; e.Latency.Total != analysis.Span(720*ms) || e.Latency.Source != analysis.Given || e.Name != "e@c0000" {
		t.Errorf("event %+v, want 720ms, given", e)
	}
	if !r.Schedulable || math.Abs(r.Pools[0].Wanted-0.1) > 1e-9 {
		t.Errorf("schedulable %v, wanted %v, want true, 0.1", r.Schedulable, r.Pools[0].Wanted)
	}
}

// TestParts: the parts of a bound add up to it, in a chain behind a gate too.
func TestParts(t *testing.T) {
	set := kinds(t)
	for seed := range uint64(200) {
		tr := try(t, seed+1, set)
		sums := func(name string, b *analysis.Bound) {
			sum := analysis.Span(0)
			for _, p := range b.Parts {
				sum += p.Span
			}
			if b.Total.Bounded() && sum != b.Total {
				t.Errorf("seed %d: %s is bounded by %v, its parts make %v: %+v", seed+1, name, b.Total, sum, b.Parts)
			}
			if b.Total.Bounded() != (b.Why == "") {
				t.Errorf("seed %d: %s: %v, because %q", seed+1, name, b.Total, b.Why)
			}
		}
		for i := range tr.report.Instances {
			in := &tr.report.Instances[i]
			sums(in.Name+" response", &in.Response)
			sums(in.Name+" latency", &in.Latency)
		}
		for i := range tr.report.Events {
			sums(tr.report.Events[i].Name, &tr.report.Events[i].Latency)
		}
	}
}

// TestOverload: what goes first has its rate, what comes after shares the rest evenly, and the lowest gets nothing beyond
// its floor.
func TestOverload(t *testing.T) {
	g := build(t, 2, graph.Spec{
		Engine: graph.EngineSpec{Cores: 1},
		Detectors: []graph.DetectorSpec{
			{ID: "crit", FPS: 10, Cost: 10 * ms, Priority: graph.Critical},
			{ID: "high", FPS: 5, Cost: 40 * ms, Priority: graph.High},
			{ID: "low", FPS: 10, Cost: 10 * ms, Priority: graph.Low, MinFPS: 1},
			{ID: "norm", FPS: 10, Cost: 50 * ms, Priority: graph.Normal},
		},
	})
	r := analysis.Analyze(g, exact())
	// A second: 0.2 critical, 0.02 floors, 0.4 high, 0.38 is left for two times norm at 50 ms a run.
	want := map[string]float64{"crit": 10, "high": 5, "low": 1, "norm": 3.8}
	for i := range r.Instances {
		in := &r.Instances[i]
		if math.Abs(in.Rate-want[in.Detector]) > 1e-6 {
			t.Errorf("%s runs %v times a second, want %v", in.Name, in.Rate, want[in.Detector])
		}
		if wants := in.Wait.Bounded(); wants == (in.Detector == "low") && in.Detector != "norm" {
			t.Errorf("%s waits %v for a slot", in.Name, in.Wait)
		}
	}
	if r.Schedulable || !r.Pools[0].Overloaded || math.Abs(r.Pools[0].Wanted-1.8) > 1e-9 || math.Abs(r.Pools[0].Used-1) > 1e-6 {
		t.Errorf("schedulable %v, pool %+v", r.Schedulable, r.Pools[0])
	}
	if r.Detectors[0].ID != "norm" || math.Abs(r.Detectors[0].Wanted-1) > 1e-9 {
		t.Errorf("the largest load is %+v", r.Detectors[0])
	}
}

// TestReserve: a critical detector with a slot of its own waits for nobody.
func TestReserve(t *testing.T) {
	for reserve, wait := range map[int]analysis.Span{0: analysis.Span(80 * ms), 1: 0} {
		g := build(t, 3, graph.Spec{
			Engine: graph.EngineSpec{Cores: 2, Reserve: reserve},
			Detectors: []graph.DetectorSpec{
				{ID: "crit", FPS: 10, Cost: 10 * ms, Priority: graph.Critical, Cameras: []string{"c0000"}},
				{ID: "norm", FPS: 1, Cost: 80 * ms},
			},
		})
		r := analysis.Analyze(g, exact())
		if got := r.Instances[0].Wait; got != wait {
			t.Errorf("with %d of 2 slots reserved it waits %v, want %v", reserve, got, wait)
		}
	}
}

// TestWhy: where there is no bound the report says what keeps it from having one.
func TestWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		spec graph.Spec
		want string
	}{
		{"starved", graph.Spec{
			Engine: graph.EngineSpec{Cores: 1},
			Detectors: []graph.DetectorSpec{
				{ID: "a", FPS: 1, Cost: 10 * ms, Priority: graph.Low},
				{ID: "b", FPS: 10, Cost: 60 * ms, Priority: graph.High},
				{ID: "c", FPS: 10, Cost: 60 * ms, Priority: graph.High},
			},
		}, "what goes first takes them all"},
		{"maxAge", graph.Spec{
			Engine:    graph.EngineSpec{Cores: 1},
			Detectors: []graph.DetectorSpec{{ID: "a", FPS: 2, Cost: 10 * ms, MaxAge: 50 * ms}, {ID: "b", FPS: 2, Cost: 90 * ms}},
		}, "older than maxAge 50ms"},
		{"ttl", graph.Spec{
			Engine: graph.EngineSpec{Cores: 1},
			Detectors: []graph.DetectorSpec{
				{ID: "a", FPS: 2, Cost: 10 * ms, Needs: []string{"b.v"}},
				{ID: "b", FPS: 2, Cost: 90 * ms, TTL: map[string]time.Duration{"v": 80 * ms}},
			},
		}, "a value of b, which it needs, may be"},
		{"gate", graph.Spec{
			Engine: graph.EngineSpec{Cores: 1},
			Detectors: []graph.DetectorSpec{
				{ID: "a", FPS: 2, Cost: 10 * ms, When: leaf("b")},
				{ID: "b", FPS: 2, Cost: 90 * ms, TTL: map[string]time.Duration{"v": 300 * ms}},
			},
		}, "the gate of a@c0000 closes again and again"},
	} {
		r := analysis.Analyze(build(t, 1, c.spec), exact())
		if b := &r.Instances[0].Latency; b.Total.Bounded() || !strings.Contains(b.Why, c.want) {
			t.Errorf("%s: latency %v, because %q, want %q", c.name, b.Total, b.Why, c.want)
		}
	}
}

// TestGap: signals that go stale between two values make a hold begin anew, unless the grace covers the gap.
func TestGap(t *testing.T) {
	for grace, want := range map[time.Duration]analysis.Span{
		0:        analysis.Unbounded,
		20 * ms:  analysis.Unbounded,
		100 * ms: analysis.Span(220*ms + 20*ms + 500*ms),
	} {
		g := build(t, 1, graph.Spec{
			Detectors: []graph.DetectorSpec{{ID: "d", FPS: 5, Cost: 20 * ms, TTL: map[string]time.Duration{"v": 200 * ms}}},
			Events:    []graph.EventSpec{{ID: "e", When: leaf("d"), Hold: 500 * ms, Grace: grace}},
		})
		if b := analysis.Analyze(g, exact()).Events[0].Latency; b.Total != want {
			t.Errorf("with a grace of %v: %v, want %v (%s)", grace, b.Total, want, b.Why)
		}
	}
}

// TestSources: what is computed is worth as much as the least of what it is made of.
func TestSources(t *testing.T) {
	g := build(t, 1, graph.Spec{
		Detectors: []graph.DetectorSpec{{ID: "d", FPS: 5}, {ID: "remote", Kind: "remote", FPS: 1, Timeout: 300 * ms}},
	})
	o := exact()
	r := analysis.Analyze(g, o)
	if c := r.Instances[0].Cost; c != (analysis.Number{Value: 7 * ms, Source: analysis.Assumed}) {
		t.Errorf("the kind's cost is %+v", c)
	}
	if c := r.Instances[1].Cost; c != (analysis.Number{Value: 300 * ms, Source: analysis.Given}) {
		t.Errorf("what waits costs %+v, want its timeout", c)
	}
	o.Cost = func(int) analysis.Number { return analysis.Number{Value: 9 * ms, Source: analysis.Measured} }
	if r = analysis.Analyze(g, o); r.Instances[0].Cost.Source != analysis.Measured || r.Instances[0].Latency.Source != analysis.Measured {
		t.Errorf("measured: %+v, latency %+v", r.Instances[0].Cost, r.Instances[0].Latency)
	}
}

// TestAcrossCameras: an event over the whole pipeline is as late as the latest of the cameras that it reads, and never known
// where one of them is switched off.
func TestAcrossCameras(t *testing.T) {
	at := func(camera string) *event.Cond {
		c := leaf("d")
		c.Camera = camera
		return c
	}
	own := &event.Cond{Op: event.OpCompare, Signal: "camera.up", Camera: "off"}
	g := build(t, 1, graph.Spec{
		Cameras: []graph.CameraSpec{
			{ID: "off", Kind: "lens", FPS: 10}, {ID: "slow", Kind: "lens", FPS: 2, Enabled: true},
		},
		Detectors: []graph.DetectorSpec{{ID: "d", FPS: 10, Cost: 20 * ms}},
		Events: []graph.EventSpec{
			{ID: "both", Scope: graph.ScopePipeline, When: &event.Cond{Op: event.OpAll, Of: []*event.Cond{at("c0000"), at("slow")}}},
			{ID: "dark", Scope: graph.ScopePipeline, When: own},
		},
	})
	r := analysis.Analyze(g, exact())
	if e := &r.Events[0]; e.Name != "both" || e.Camera != "" || e.Latency.Total != analysis.Span(520*ms) {
		t.Errorf("%+v, want 520ms", e)
	}
	if e := &r.Events[1]; e.Latency.Total.Bounded() || e.Latency.Why != "camera.up is never known there" {
		t.Errorf("%+v, want no bound", e)
	}
}

// TestLockstep: on media time nothing waits and nothing costs.
func TestLockstep(t *testing.T) {
	spec := graph.Spec{Engine: graph.EngineSpec{Cores: 1}, Detectors: []graph.DetectorSpec{{ID: "d", FPS: 10, Cost: time.Second}}}
	spec.Cameras = []graph.CameraSpec{{ID: "c", Kind: "lens", FPS: 10, Enabled: true, Pace: graph.PaceLockstep}}
	r := analysis.Analyze(build(t, 0, spec), analysis.Options{})
	if in := &r.Instances[0]; !r.Schedulable || in.Response.Total != 0 || in.Latency.Total != analysis.Span(100*ms) {
		t.Errorf("schedulable %v, response %v, latency %v, want true, 0s, 100ms", r.Schedulable, in.Response.Total, in.Latency.Total)
	}
}

// TestJSON: a report is read back as it was written, with times that people read.
func TestJSON(t *testing.T) {
	g := build(t, 1, graph.Spec{
		Engine: graph.EngineSpec{Cores: 1},
		Detectors: []graph.DetectorSpec{
			{ID: "a", FPS: 1, Cost: 10 * ms, Priority: graph.Low}, {ID: "b", FPS: 10, Cost: 99 * ms, Priority: graph.High}, {ID: "c", FPS: 10, Cost: 99 * ms, Priority: graph.High},
		},
		Events: []graph.EventSpec{{ID: "e", When: leaf("b"), DecideWithin: time.Second}},
	})
	r := analysis.Analyze(g, analysis.Options{})
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"total":"unbounded"`, `"cost":{"value":"99ms","source":"given"}`, `"decideWithin":"1s"`, `"what":"run"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
	var back analysis.Report
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, &back) {
		t.Errorf("read back: %+v\nwritten: %+v", back, *r)
	}
}

// BenchmarkAnalyze is 4 detectors on each of many cameras, one behind another's signal and one behind its gate.
func BenchmarkAnalyze(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		for _, alike := range []bool{true, false} {
			b.Run(fmt.Sprintf("%d_cameras/alike=%v", n, alike), func(b *testing.B) {
				g := build(b, n, graph.Spec{
					Engine: graph.EngineSpec{Cores: 64},
					Detectors: []graph.DetectorSpec{
						{ID: "a", FPS: 5, Cost: ms},
						{ID: "b", FPS: 1, Cost: 5 * ms, Needs: []string{"a.v"}},
						{ID: "c", FPS: 1, Cost: 9 * ms, When: leaf("a")},
						{ID: "d", FPS: 2, Cost: ms, Priority: graph.High},
					},
					Events: []graph.EventSpec{{ID: "e", When: leaf("c"), Hold: time.Second}},
				})
				o := analysis.Options{}
				if !alike { // measured rates differ from camera to camera, in a hundred steps
					o.Period = func(c int) analysis.Number {
						return analysis.Number{Value: 100*ms + time.Duration(c%100)*ms/10, Source: analysis.Measured}
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					analysis.Analyze(g, o)
				}
			})
		}
	}
}
