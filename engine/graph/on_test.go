package graph_test

import (
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/graph"
)

// TestOn: what stands under on is so on that camera and nowhere else, and what follows from it (ttl, class, priority of what
// it waits for) follows there alone.
func TestOn(t *testing.T) {
	s := spec()
	s.Cameras[0].FPS = 0
	d := &s.Detectors[0]
	d.On = map[string]graph.OnSpec{"b": {
		FPS: new(2.0), MinFPS: new(1.0), Cost: new(50 * time.Millisecond), Timeout: new(time.Second), MaxAge: new(time.Minute),
		Priority: new(graph.High),
	}}
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]graph.Tuning{}
	for i := range g.Instances {
		got[g.InstanceName(i)] = g.Instances[i].Tuning
	}
	if want := (graph.Tuning{
		Period: 500 * time.Millisecond, Slowest: time.Second, Cost: 50 * time.Millisecond, Timeout: time.Second, MaxAge: time.Minute,
		Class: graph.CostHigh, Threads: 1, Priority: graph.High,
	}); got["first@b"] != want {
		t.Errorf("first@b %+v, want %+v", got["first@b"], want)
	}
	if want := (graph.Tuning{
		Period: 100 * time.Millisecond, Cost: 20 * time.Millisecond, Timeout: graph.DefaultTimeout,
		Class: graph.CostMedium, Threads: 1, Priority: graph.Critical,
	}); got["first@a"] != want {
		t.Errorf("first@a %+v, want %+v: it has nothing of b's, and third@a waits for it", got["first@a"], want)
	}
	for _, c := range g.Cells {
		if c.Signal != "first.n" {
			continue
		}
		want := map[string]time.Duration{"a": 320 * time.Millisecond, "b": 3050 * time.Millisecond}[g.Cameras[c.Camera].ID]
		if c.TTL != want {
			t.Errorf("ttl on %s is %v, want %v", g.Cameras[c.Camera].ID, c.TTL, want)
		}
	}
}

// TestOnOff: a detector that is off on a camera has no instance there, and its signals are there and never seen.
func TestOnOff(t *testing.T) {
	s := spec()
	s.Detectors[0].On = map[string]graph.OnSpec{"b": {Enabled: new(false)}}
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range g.Instances {
		if g.InstanceName(i) == "first@b" {
			t.Error("first runs on b")
		}
	}
	n := 0
	for _, c := range g.Cells {
		if c.Signal == "first.n" && g.Cameras[c.Camera].ID == "b" {
			n++
			if c.Instance != -1 {
				t.Errorf("something writes first.n on b: %+v", c)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d cells of first.n on b, want 1", n)
	}
}

func TestOnRefuses(t *testing.T) {
	for want, on := range map[string]map[string]graph.OnSpec{
		`no such camera`:               {"c": {}},
		`does not run there`:           {"b": {}},
		`on camera "a": fps 0 must be`: {"a": {FPS: new(0.0)}},
		`minFps 11 must not be above`:  {"a": {MinFPS: new(11.0)}},
		`must not be negative`:         {"a": {Cost: new(-time.Second)}},
	} {
		s := spec()
		s.Detectors[1].On = on
		if _, err := graph.Build(s, kinds(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
