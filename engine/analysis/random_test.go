package analysis_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"rvo.dev/engine/analysis"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// kinds are read, never opened: camera "lens"; detectors "local", "remote" (waits for somebody else) and "blind" (looks
// at no picture), each with the signal v.
func kinds(t testing.TB) *node.Set {
	t.Helper()
	emits := func(json.RawMessage) ([]node.Emit, error) {
		return []node.Emit{{Name: "v", Type: signal.TypeInt}}, nil
	}
	base := node.Contract{Doc: "made up", Options: "#Options: {}", Needs: "a test"}
	lens, local, remote, blind := base, base, base, base
	lens.Name = "lens"
	local.Name, local.Emits, local.Cost = "local", emits, 7*time.Millisecond
	remote.Name, remote.Emits, remote.Blocking = "remote", emits, true
	blind.Name, blind.Emits, blind.NoFrame = "blind", emits, true
	set, err := node.NewSet(node.Camera[struct{}](lens, nil), node.Detector[struct{}](local, nil),
		node.Detector[struct{}](remote, nil), node.Detector[struct{}](blind, nil))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// leaf asks whether a detector sees what it looks for.
func leaf(id string) *event.Cond {
	return &event.Cond{Op: event.OpCompare, Signal: id + ".v", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}}
}

// draw makes up a pipeline. Its runs take about load of the slots, so that some are schedulable and some are not.
func draw(r *rand.Rand) graph.Spec {
	slots := 1 + r.IntN(4)
	spec := graph.Spec{Name: "random", Revision: "r", Engine: graph.EngineSpec{Cores: slots}}
	if slots > 1 && r.IntN(3) == 0 {
		spec.Engine.Reserve = 1 + r.IntN(slots-1)
	}
	pick := func(from ...float64) float64 { return from[r.IntN(len(from))] }
	for i := range 1 + r.IntN(3) {
		c := graph.CameraSpec{ID: fmt.Sprintf("c%d", i), Kind: "lens", Enabled: true, FPS: pick(5, 10, 12.5, 15, 25, 30, 60)}
		if r.IntN(5) == 0 {
			p := graph.Priority(r.IntN(4))
			c.Priority = &p
		}
		spec.Cameras = append(spec.Cameras, c)
	}
	load := (0.15 + 0.9*r.Float64()) * float64(slots)
	n := 1 + r.IntN(5)
	for i := range n {
		spec.Detectors = append(spec.Detectors, detector(r, i, load/float64(n)/float64(len(spec.Cameras)), slots))
	}
	for i := range 1 + r.IntN(2) {
		e := graph.EventSpec{
			ID: fmt.Sprintf("e%d", i), Enabled: true, Severity: "info", When: condition(r, n, 2),
			UnknownGrace: 100 * time.Millisecond,
		}
		if r.IntN(2) == 0 {
			e.Hold = time.Duration(r.IntN(1000)) * time.Millisecond
		}
		if r.IntN(2) == 0 {
			e.Grace = time.Duration(r.IntN(500)) * time.Millisecond
		}
		spec.Events = append(spec.Events, e)
	}
	return spec
}

// detector draws one whose runs take the given share of a slot on each camera.
func detector(r *rand.Rand, i int, share float64, slots int) graph.DetectorSpec {
	d := graph.DetectorSpec{
		ID: fmt.Sprintf("d%d", i), Kind: "local", Enabled: true, FPS: []float64{1, 2, 3, 5, 7, 10, 15, 25, 30}[r.IntN(9)],
		Priority: graph.Priority(r.IntN(4)), Load: graph.LoadPolicy(r.IntN(3)), Frame: graph.FramePolicy(r.IntN(2)), Threads: 1,
	}
	if r.IntN(2) == 0 {
		d.Priority = graph.Normal
	}
	if r.IntN(6) == 0 {
		d.Threads = 1 + r.IntN(slots)
	}
	switch r.IntN(12) {
	case 0:
		d.Kind = "remote"
	case 1:
		d.Kind = "blind"
	}
	cost := share * 2 * r.Float64() / d.FPS / float64(d.Threads)
	d.Cost = min(max(time.Duration(cost*float64(time.Second)), 200*time.Microsecond), 400*time.Millisecond)
	if r.IntN(4) == 0 {
		d.MinFPS = d.FPS * (0.1 + 0.8*r.Float64())
	}
	if r.IntN(8) == 0 {
		d.MaxAge = time.Duration(20+r.IntN(300)) * time.Millisecond
	}
	if i > 0 && d.Kind != "blind" {
		before := func() string { return fmt.Sprintf("d%d", r.IntN(i)) }
		if r.IntN(3) == 0 {
			d.Needs = []string{before() + ".v"}
			if other := before() + ".v"; r.IntN(4) == 0 && other != d.Needs[0] {
				d.Needs = append(d.Needs, other)
			}
		}
		if r.IntN(5) == 0 {
			d.When = leaf(before())
			if r.IntN(3) == 0 {
				d.When.For = time.Duration(r.IntN(300)) * time.Millisecond
			}
		}
	}
	if r.IntN(3) > 0 {
		d.TTL = map[string]time.Duration{"v": 3 * time.Second}
	}
	return d
}

// condition draws a tree that is yes when every detector sees what it looks for.
func condition(r *rand.Rand, detectors, depth int) *event.Cond {
	c := leaf(fmt.Sprintf("d%d", r.IntN(detectors)))
	switch {
	case depth > 0 && r.IntN(3) == 0:
		c = &event.Cond{Op: event.OpAll, Of: []*event.Cond{condition(r, detectors, depth-1), condition(r, detectors, depth-1)}}
	case depth > 0 && r.IntN(4) == 0:
		c = &event.Cond{Op: event.OpAny, Of: []*event.Cond{condition(r, detectors, depth-1), condition(r, detectors, depth-1)}}
	case r.IntN(8) == 0:
		c.Compare[0] = event.Comparison{Rel: event.Lt, Value: signal.Int(1)}
		c = &event.Cond{Op: event.OpNot, Of: []*event.Cond{c}}
	}
	if r.IntN(5) == 0 {
		c.For = time.Duration(1+r.IntN(400)) * time.Millisecond
	}
	return c
}

// trial is one pipeline, what was said of it and what it did.
type trial struct {
	spec   graph.Spec
	g      *graph.Graph
	report *analysis.Report
	world  *world
}

// try analyses a random pipeline and lets it run.
func try(t testing.TB, seed uint64, set *node.Set) *trial {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	spec := draw(r)
	g, err := graph.Build(&spec, set)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	jitter := analysis.Number{Value: time.Duration(r.IntN(3)) * 2 * time.Millisecond}
	ingest := analysis.Number{Value: jitter.Value + time.Duration(r.IntN(4))*time.Millisecond}
	report := analysis.Analyze(g, analysis.Options{
		Overhead: &analysis.Number{}, Ingest: &ingest, Jitter: &jitter,
	})
	w := &world{
		r: r, g: g, core: sched.New(g, sched.Options{Slots: g.Cores, Reserve: g.Reserve}),
		ingest: ingest.Value, jitter: jitter.Value, vary: r.IntN(2) == 0,
	}
	for i := range g.Instances {
		w.cost = append(w.cost, report.Instances[i].Cost.Value)
	}
	for c := range g.Cameras {
		period := time.Duration(float64(time.Second) / g.Cameras[c].FPS)
		w.cams = append(w.cams, lens{
			base: tick.Time(1 + r.Int64N(int64(period))), period: period, delay: ingest.Value - jitter.Value,
			stamped: r.IntN(2) == 0, capture: map[uint64]tick.Time{},
		})
	}
	w.truth(report)
	return &trial{spec, g, report, w}
}

// truth plans when what the detectors look for is true: long enough for all that is bounded to say so, then for as long
// as it takes until nothing does.
func (w *world) truth(report *analysis.Report) {
	long := time.Second
	for i := range report.Instances {
		if l := report.Instances[i].Latency.Total; l.Bounded() {
			long = max(long, l.Duration())
		}
	}
	calm := long
	for i := range report.Events {
		if l := report.Events[i].Latency.Total; l.Bounded() {
			long = max(long, l.Duration())
		}
	}
	for i := range w.g.Cells {
		if c := &w.g.Cells[i]; !c.Own {
			calm = max(calm, c.TTL)
		}
	}
	long, calm = min(long, 20*time.Second)+10*time.Millisecond, min(calm, 20*time.Second)+time.Second
	at := settled
	for range 4 {
		at = at.Add(calm + time.Duration(w.r.Int64N(int64(time.Second))))
		w.flips = append(w.flips, at)
		at = at.Add(long)
		w.flips = append(w.flips, at)
	}
	w.ends = at.Add(time.Second)
}
