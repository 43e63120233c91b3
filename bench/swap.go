package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// swapEvery is the pause between two swaps of a window.
const swapEvery = 20 * time.Millisecond

// swapWindow is the least that a percentile of pauses is taken from: a hundred swaps, or it would be the longest of them.
const swapWindow = 6 * time.Second

// swaps are pipelines of many cameras that are edited as fast as it goes.
func swaps() []Scenario {
	var out []Scenario
	for _, n := range []int{1, 10, 100, 1000} {
		s := cameras(n)
		s.Name, s.Doc = fmt.Sprintf("swap_%d", n), s.Doc+"; the pipeline is edited as fast as it goes"
		s.Swaps = true
		s.Window = swapWindow
		out = append(out, s)
	}
	return out
}

// edits are what a window does to the pipeline, in turn: what is retuned in place, a node that comes, is replaced and goes.
func edits() []func(s *graph.Spec) {
	options := func(d *graph.DetectorSpec, cost time.Duration) {
		d.Options, _ = json.Marshal(loadOptions{Cost: int64(cost)}) // a number: it cannot fail
	}
	return []func(s *graph.Spec){
		func(s *graph.Spec) { s.Events[0].Hold += 10 * time.Millisecond },
		func(s *graph.Spec) { s.Detectors[0].FPS = 9 - s.Detectors[0].FPS },
		func(s *graph.Spec) {
			added := s.Events[0]
			added.ID = "added"
			s.Events = append([]graph.EventSpec{added}, s.Events...)
		},
		func(s *graph.Spec) {
			added := s.Cameras[0]
			added.ID = "a_added" // before the others: every index moves
			s.Cameras = append([]graph.CameraSpec{added}, s.Cameras...)
		},
		func(s *graph.Spec) { options(&s.Detectors[1], time.Microsecond) },
		func(s *graph.Spec) { s.Cameras = s.Cameras[1:] },
		func(s *graph.Spec) { s.Events = s.Events[1:] },
		func(s *graph.Spec) { s.Events[0].Hold -= 10 * time.Millisecond },
		func(s *graph.Spec) { options(&s.Detectors[1], 0) },
	}
}

// measureSwaps edits the scenario's pipeline while it runs and measures what that takes. Ticks are those of the window, swaps
// left out.
func measureSwaps(ctx context.Context, s *Scenario, o *Options, run int) (*Result, error) {
	sp, err := spec(s)
	if err != nil {
		return nil, err
	}
	t := o.tally(s)
	if crowded(s) {
		t.crowd = &crowd{}
	}
	set, err := kinds(t)
	if err != nil {
		return nil, err
	}
	g, err := graph.Build(sp, set)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	r := newResult(s, Lanes, run, o)
	engine.Tune(g)
	e, err := engine.New(engine.Config{
		Graph: g, Nodes: g.Nodes(graph.Facts{}), Codec: o.Codec, StateDir: o.StateDir, Precise: true, Nice: o.Nice, Drain: 2 * time.Second,
		Observe: func(ins []sched.Input, took time.Duration, _ []sched.Decision) {
			if ins[0].Kind == sched.InputSwap || !t.in(ins[0].Now) {
				return
			}
			r.tick.add(took)
			r.Ticks++
			for i := range ins {
				if ins[i].Kind == sched.InputFrame {
					r.Taken++
				}
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	quit, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	w := watch{at: time.Now(), ctx: quit}
	go func() { done <- e.Run(quit) }()
	err = w.until(o.Warmup, done)
	if err == nil {
		use := measure()
		all := edits()
		for n := 0; err == nil && time.Since(w.at) < o.Warmup+o.Duration; n++ {
			all[n%len(all)](sp)
			err = r.swap(quit, e, sp, set)
			if err == nil {
				err = w.until(time.Since(w.at)+swapEvery, done)
			}
		}
		r.Usage = use.since()
	}
	stop()
	if !w.ended {
		if e := <-done; err == nil {
			err = e
		}
	}
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	r.Offered, r.NotIngested = t.offered.Load(), t.noBuffer.Load()
	r.Superseded = r.Offered - min(r.Offered, r.Taken+r.NotIngested)
	return r, nil
}

// swap makes one.
func (r *Result) swap(ctx context.Context, e *engine.Engine, sp *graph.Spec, set *node.Set) error {
	g, err := graph.Build(sp, set)
	if err != nil {
		return err
	}
	rep, err := e.Swap(ctx, g, engine.SwapOptions{Nodes: g.Nodes(graph.Facts{}), By: "bench"})
	if err != nil {
		return err
	}
	r.pause.add(rep.Commit)
	r.ready.add(rep.Prepare)
	return nil
}

// swaps judges how long the core takes no input while another graph takes the place of the one that runs, and that no picture is
// without a buffer for it.
func (j *judged) swaps() {
	const from = "swap_100"
	j.atMost("swap_pause_100_p99", j.mid(from, Lanes, func(r *Result) float64 { return us(r.pause.q(99)) }), "us", 200, from)
	for _, name := range []string{"swap_1", "swap_10", from, "swap_1000"} {
		j.none(name+"_not_ingested", j.most(name, func(r *Result) float64 { return float64(r.NotIngested) }), "frames")
	}
}
