package bench

import (
	"errors"
	"math"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/graph"
)

// Audience watches a pipeline that is measured, as people and programs do who look at a run. It begins and returns a function that
// ends it and tells what was sent meanwhile.
type Audience func(e *engine.Engine) (stop func() (Sent, error), err error)

// Sent is what an audience got.
type Sent struct {
	Pictures uint64 // live ones
	Messages uint64 // of the stream
}

// errNoAudience says that a scenario is watched and nobody is there.
var errNoAudience = errors.New("it is watched: give Options.Audience")

// watchings are four cameras with pictures, with and without an audience.
func watchings() []Scenario {
	s := Scenario{
		Name: "unwatched", Doc: "four cameras of 640 x 480 with a detector that waits 5 ms, ten times a second", FPS: 30, Cameras: 4, Width: 640, Height: 480, Lanes: true, Turns: "watched",
		Loads: []Load{{ID: "look", Work: Wait, Cost: 5 * time.Millisecond, FPS: 10, Class: graph.CostLow, Policy: graph.LoadBackoff, Priority: graph.Normal}},
	}
	w := s
	w.Name, w.Doc, w.Watched = "watched", s.Doc+"; ten watch live pictures, a hundred listen to the stream, half of them take nothing", true
	return []Scenario{s, w}
}

// audience has a scenario that is watched be watched.
func audience(s *Scenario, o *Options, e *engine.Engine) (func() (Sent, error), error) {
	switch {
	case !s.Watched:
		return func() (Sent, error) { return Sent{}, nil }, nil
	case o.Audience == nil:
		return nil, errNoAudience
	}
	return o.Audience(e)
}

// watched judges what an audience costs the core, and that it had what it came for.
func (j *judged) watched() {
	const on, off = "watched", "unwatched"
	ratio := func(q float64) float64 {
		f := func(r *Result) float64 { return us(r.tick.q(q)) }
		return j.mid(on, Lanes, f) / j.mid(off, Lanes, f)
	}
	j.atMost("watched_tick_p50_ratio", ratio(50), "x", 1.1, on, off)
	j.atMost("watched_tick_p99_ratio", ratio(99), "x", 2, on, off)
	heap := func(r *Result) float64 { return r.Usage.Heap * float64(r.Scenario.Cameras) / (1 << 20) }
	j.add(Target{Name: "watched_heap_on_top", Value: math.Max(0, j.mid(on, Lanes, heap)-j.mid(off, Lanes, heap)), Unit: "MiB", AtMost: true, Bound: 64, Exact: true})
	j.none("watched_not_ingested", j.most(on, func(r *Result) float64 { return float64(r.NotIngested) }), "frames")
	// Five of the ten take their five pictures a second, fifty of the hundred their two states.
	j.atLeast("watched_pictures", j.mid(on, Lanes, func(r *Result) float64 { return float64(r.Sent.Pictures) / r.Window.Seconds() }), "/s", 20, on)
	j.atLeast("watched_messages", j.mid(on, Lanes, func(r *Result) float64 { return float64(r.Sent.Messages) / r.Window.Seconds() }), "/s", 80, on)
}
