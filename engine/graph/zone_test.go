package graph_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

func polygon(xy ...float64) signal.Polygon {
	var p signal.Polygon
	for i := 0; i < len(xy); i += 2 {
		p = append(p, signal.Point{X: xy[i], Y: xy[i+1]})
	}
	return p
}

func TestCrossing(t *testing.T) {
	for name, c := range map[string]struct {
		p    signal.Polygon
		want bool
	}{
		"triangle":          {polygon(0, 0, 1, 0, 0, 1), false},
		"square":            {polygon(0, 0, 1, 0, 1, 1, 0, 1), false},
		"square, clockwise": {polygon(0, 0, 0, 1, 1, 1, 1, 0), false},
		"bow tie":           {polygon(0, 0, 1, 1, 1, 0, 0, 1), true},
		"L":                 {polygon(0, 0, 1, 0, 1, 0.5, 0.5, 0.5, 0.5, 1, 0, 1), false},
		"corner on a side":  {polygon(0, 0, 1, 0, 1, 1, 0.5, 0, 0, 1), true},
		"corner twice":      {polygon(0, 0, 1, 0, 0.5, 0.5, 1, 1, 0, 1, 0.5, 0.5), true},
		"spike":             {polygon(0, 0, 1, 0, 1, 0.5, 1, 0.2, 0, 1), true},
		"straight corner":   {polygon(0, 0, 0.5, 0, 1, 0, 1, 1), false},
		"closed twice":      {polygon(0, 0, 1, 0, 1, 1, 0, 0), true},
	} {
		if _, _, got := graph.Crossing(c.p); got != c.want {
			t.Errorf("%s: crosses %v, want %v", name, got, c.want)
		}
	}
}

func TestFlat(t *testing.T) {
	for name, c := range map[string]struct {
		p    signal.Polygon
		want bool
	}{
		"triangle":    {polygon(0, 0, 1, 0, 0, 1), false},
		"small":       {polygon(0.5, 0.5, 0.5002, 0.5, 0.5, 0.5002), false},
		"one point":   {polygon(0.1, 0.7, 0.1, 0.7, 0.1, 0.7), true},
		"one line":    {polygon(0, 0, 0.1, 0.3, 0.2, 0.6), true},
		"there, back": {polygon(0.2, 0.6, 0, 0, 0.2, 0.6), true},
	} {
		for _, p := range []signal.Polygon{c.p, {c.p[2], c.p[1], c.p[0]}} {
			if got := graph.Flat(p); got != c.want {
				t.Errorf("%s, %v: flat %v, want %v", name, p, got, c.want)
			}
		}
	}
}

// TestCrossingTurns: where a polygon begins and which way round it goes changes nothing. Quarters are exact.
func TestCrossingTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	crossing := 0
	for range 2000 {
		var p signal.Polygon
		for range 3 + rng.IntN(5) {
			p = append(p, signal.Point{X: float64(rng.IntN(5)) / 4, Y: float64(rng.IntN(5)) / 4})
		}
		_, _, want := graph.Crossing(p)
		if want {
			crossing++
		}
		var turned, back signal.Polygon
		for i := range p {
			turned = append(turned, p[(i+1)%len(p)])
			back = append(back, p[len(p)-1-i])
		}
		for _, q := range []signal.Polygon{turned, back} {
			if _, _, got := graph.Crossing(q); got != want {
				t.Fatalf("%v crosses %v, %v crosses %v", p, want, q, got)
			}
		}
	}
	if crossing < 500 || crossing > 1900 {
		t.Errorf("%d of 2000 random polygons cross: the test shows nothing", crossing)
	}
}

// pipelineSpec watches both cameras with one event.
func pipelineSpec() *graph.Spec {
	s := spec()
	a, b := leaf("first.n"), leaf("first.n")
	a.Camera, b.Camera, a.Path, b.Path = "a", "b", "when.all.0", "when.all.1"
	s.Events[0].Scope = graph.ScopePipeline
	s.Events[0].When = &event.Cond{Op: event.OpAll, Path: "when", Of: []*event.Cond{a, b}}
	return s
}

// TestScopePipeline: one machine on no camera, whose evidence is from the cameras that it reads.
func TestScopePipeline(t *testing.T) {
	g, err := graph.Build(pipelineSpec(), kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	e := g.Events[0]
	if len(e.Machines) != 1 {
		t.Fatalf("%d machines, want 1", len(e.Machines))
	}
	m := g.Machines[e.Machines[0]]
	if m.Camera != graph.AllCameras || g.CameraID(m.Camera) != "" || len(m.Cameras) != 2 {
		t.Errorf("machine %+v", m)
	}
	for _, c := range g.Cameras {
		if c.Ring == 0 {
			t.Errorf("camera %s keeps nothing: the event's clips come from there", c.ID)
		}
		for _, mi := range c.Machines {
			if mi == e.Machines[0] {
				t.Errorf("camera %s has the machine of the pipeline", c.ID)
			}
		}
	}
}

// TestDisabledCameraIsUnknown: what a camera that is off would say is asked for in vain, and the rest runs.
func TestDisabledCameraIsUnknown(t *testing.T) {
	s := pipelineSpec()
	s.Cameras[1].Enabled = false
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	m := g.Machines[g.Events[0].Machines[0]]
	if len(m.Cameras) != 1 || g.Cameras[m.Cameras[0]].ID != "a" {
		t.Errorf("evidence of %v, want that of a", m.Cameras)
	}
	nowhere := 0
	for _, c := range m.Program.Cells() {
		if g.Cells[c].Camera == graph.AllCameras {
			nowhere++
			if g.Cells[c].Instance >= 0 || g.Cells[c].Own {
				t.Errorf("something writes %+v", g.Cells[c])
			}
		}
	}
	if nowhere != 1 {
		t.Errorf("%d cells of cameras that are off, want 1", nowhere)
	}
}

func TestRefusesScopeAndZones(t *testing.T) {
	for want, spoil := range map[string]func(*graph.Spec){
		`when.all.1 (first.n) must name its camera`: func(s *graph.Spec) { s.Events[0].When.Of[1].Camera = "" },
		`it has no cameras of its own`:              func(s *graph.Spec) { s.Events[0].Cameras = []string{"a"} },
		`not known on camera "c"`:                   func(s *graph.Spec) { s.Events[0].When.Of[1].Camera = "c" },
		`zone "door": polygon has 2 corners`: func(s *graph.Spec) {
			s.Cameras[0].Zones = []graph.ZoneSpec{{Name: "door", Polygon: polygon(0, 0, 1, 1)}}
		},
		`mask "sky": the sides from corners 1 and 3 cross`: func(s *graph.Spec) {
			s.Cameras[0].Masks = []graph.ZoneSpec{{Name: "sky", Polygon: polygon(0, 0, 1, 1, 1, 0, 0, 1)}}
		},
		`zone "door" is there twice`: func(s *graph.Spec) {
			p := polygon(0, 0, 1, 0, 1, 1)
			s.Cameras[0].Zones = []graph.ZoneSpec{{Name: "door", Polygon: p}, {Name: "door", Polygon: p}}
		},
	} {
		s := pipelineSpec()
		spoil(s)
		if _, err := graph.Build(s, kinds(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// TestZoneWhereItIsWatched: a zone has to be on the cameras that an event is watched on, and on no other.
func TestZoneWhereItIsWatched(t *testing.T) {
	s := diffSpec()
	s.Cameras[1].Zones = nil
	s.Detectors = []graph.DetectorSpec{{ID: "first", Kind: "fake", FPS: 5, Cameras: []string{"a"}, Enabled: true}}
	when := leaf("first.boxes")
	when.Filter = &event.BoxFilter{Zones: []string{"door"}}
	s.Events = []graph.EventSpec{{ID: "e", When: when, Enabled: true}}
	if g := build(t, s); len(g.Machines) != 1 || g.CameraID(g.Machines[0].Camera) != "a" {
		t.Errorf("machines %+v", g.Machines)
	}
	s.Detectors[0].Cameras = nil
	if _, err := graph.Build(s, diffKinds(t)); err == nil || !strings.Contains(err.Error(), `zone "door"`) {
		t.Errorf("b has no door and is watched: %v", err)
	}
}
