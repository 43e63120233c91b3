package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/event"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

// The events of a scenario, on its first detector: hold is the first RVO's (value at least 1 for 100 ms, then 500 ms of
// cooldown), edge is confirmed by the first picture of another value.
const (
	holdEvent = "hold"
	edgeEvent = "edge"
	// staleEvent is confirmed when the time to live of a value is over.
	staleEvent = "stale"

	holdFor     = 100 * time.Millisecond
	holdPause   = 500 * time.Millisecond
	holdLongest = time.Millisecond // it ends at once: the first RVO's events have no duration
	// manyPause is the cooldown where there are many cameras: a thousand of them with four events each that came twice a second
	// would be a measurement of records.
	manyPause = 10 * time.Second
	// valueTTL is how long a value is fresh in a scenario of one camera, as in the first RVO's and as inline, where values have no
	// end. By default they are fresh for three periods and a cost, which a detector that is slower than its camera never keeps:
	// between two of its runs nothing would be known, and its scenarios would differ by that and not by its cost alone.
	valueTTL = time.Second
)

// spec is the scenario as a pipeline.
func spec(s *Scenario) (*graph.Spec, error) {
	out := &graph.Spec{
		Name: s.Name, Revision: "bench", Engine: graph.EngineSpec{Cores: s.Cores, Reserve: s.Reserve},
		Sinks: []graph.SinkSpec{{ID: "discard", Kind: "discard"}},
	}
	period := time.Duration(float64(time.Second) / s.FPS)
	for i := range s.Cameras {
		o, err := json.Marshal(cameraOptions{
			Period: int64(period), Phase: int64(period) * int64(i+1) / int64(s.Cameras), Width: s.Width, Height: s.Height,
		})
		if err != nil {
			return nil, err
		}
		out.Cameras = append(out.Cameras, graph.CameraSpec{ID: fmt.Sprintf("c%05d", i), Kind: "clock", Options: o, FPS: s.FPS, Enabled: true})
	}
	for _, l := range sortLoads(s.Loads) {
		o, err := json.Marshal(loadOptions{Cost: int64(l.Cost)})
		if err != nil {
			return nil, err
		}
		isolate := graph.IsolateThread
		if l.Isolate {
			isolate = graph.IsolateProcess
		}
		var ttl map[string]time.Duration
		if s.Cameras == 1 {
			ttl = map[string]time.Duration{"value": cmp.Or(l.TTL, valueTTL), "edge": valueTTL}
		}
		if l.TTL > 0 {
			stale := eventSpec(staleEvent+"_"+l.ID, "")
			stale.When = &event.Cond{Op: event.OpAbsent, Signal: l.ID + ".value", Path: "when"}
			out.Events = append(out.Events, stale)
		}
		out.Detectors = append(out.Detectors, graph.DetectorSpec{
			Isolate: isolate, TTL: ttl,
			ID: l.ID, Kind: string(l.Work), Options: o, FPS: l.FPS, MinFPS: l.Floor, CostClass: &l.Class, Threads: 1,
			Load: l.Policy, Priority: l.Priority, Enabled: true,
		})
	}
	for i, l := range out.Detectors {
		if s.Cameras == 1 && (i > 0 || s.Edges > 0) {
			break // the first RVO's scenarios have one event
		}
		hold := eventSpec(holdEvent+"_"+l.ID, l.ID+".value")
		hold.Hold, hold.Cooldown, hold.HasMax, hold.MaxDuration = holdFor, holdPause, true, holdLongest
		if s.Cameras > 1 {
			hold.Cooldown = manyPause
		}
		if s.Evidence {
			hold.Evidence = "clip"
		}
		out.Events = append(out.Events, hold)
	}
	if len(out.Detectors) > 0 && s.Cameras == 1 {
		out.Events = append([]graph.EventSpec{eventSpec(edgeEvent, out.Detectors[0].ID+".edge")}, out.Events...)
	}
	if s.Evidence {
		out.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: 2 * time.Second, Post: time.Second, FPS: 10, Quality: 80, MinFree: 1, MaxBytes: 256 << 20}}
	}
	return out, nil
}

func eventSpec(id, sig string) graph.EventSpec {
	return graph.EventSpec{
		ID: id, Enabled: true, Severity: "info", UnknownGrace: graph.DefaultUnknownGrace,
		When: &event.Cond{Signal: sig, Path: "when", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}},
	}
}

// settle is how long a run goes on after its window, so that what was due in it also arrives.
const settle = 100 * time.Millisecond

// measureLanes runs the scenario on the real engine.
func measureLanes(ctx context.Context, s *Scenario, o *Options, run int) (*Result, error) {
	sp, err := spec(s)
	if err != nil {
		return nil, err
	}
	t := o.tally(s)
	t.art = picture(s)
	if crowded(s) {
		t.crowd = &crowd{}
	}
	set, err := kinds(t)
	if err != nil {
		return nil, err
	}
	r := newResult(s, Lanes, run, o)
	before := footprint()
	g, err := graph.Build(sp, set)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	own := footprint()
	p := newProbe(g, t, r)
	before.heap += footprint().heap - own.heap // of the harness
	engine.Tune(g)
	cfg := engine.Config{Graph: g, Codec: o.Codec, StateDir: o.StateDir, Precise: true, Nice: o.Nice, Drain: 2 * time.Second, Observe: p.observe, Feed: s.Watched}
	e, err := engine.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	quit, stop := context.WithCancel(ctx)
	defer stop()
	stopGarbage := litter(s.Garbage)
	defer stopGarbage()
	stopTimer, err := bare(s, t, r.timer)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	defer stopTimer()
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- e.Run(quit) }()

	w := watch{at: began, ctx: quit}
	leave, err := audience(s, o, e)
	if err == nil {
		err = w.until(o.Warmup, done)
	}
	if err == nil {
		from := skipped(e)
		use := measure()
		if err = w.until(o.Warmup+o.Duration, done); err == nil {
			r.Usage = use.since()
			stopTimer() // it is no goroutine of the engine's
			r.Usage.Goroutines, r.Usage.Heap = grown(before, s.Cameras)
			for _, d := range e.Status().Detectors {
				r.restart(d.ID, d.Restarts)
			}
			for name, n := range skipped(e) {
				if n > from[name] {
					r.Skips[name] = n - from[name]
				}
			}
			err = w.until(o.Warmup+o.Duration+settle, done)
		}
	}
	if leave != nil {
		sent, e := leave()
		r.Sent, err = sent, errors.Join(err, e)
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

// skipped counts the pictures that were offered and not looked at, by cause.
func skipped(e *engine.Engine) map[string]uint64 {
	out := map[string]uint64{}
	st := e.Status()
	for i := range st.Detectors {
		for cause, n := range st.Detectors[i].Skipped {
			out[cause] += n
		}
	}
	return out
}

// watch waits for moments of a run.
type watch struct {
	at    time.Time
	ctx   context.Context // of one measurement
	ended bool            // the run is over and its error was taken
}

// until waits until d after the beginning, and fails when the run ends before.
func (w *watch) until(d time.Duration, done <-chan error) error {
	timer := time.NewTimer(time.Until(w.at.Add(d)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	case err := <-done:
		w.ended = true
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		if err == nil {
			err = fmt.Errorf("the run ended by itself after %v", time.Since(w.at))
		}
		return err
	}
}

// picture is what a camera with pixels shows: a texture, so that an encoder has work.
func picture(s *Scenario) []byte {
	if s.Width == 0 {
		return nil
	}
	out := make([]byte, frame.I420.Bytes(s.Width, s.Height))
	x := uint32(1)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = byte(i%s.Width/8) ^ byte(x>>29)
	}
	return out
}

// litter allocates that many MB a second beside the pipeline, with twice as many MiB of pointers alive, until its result
// is called.
func litter(megabytes int) (stop func()) {
	if megabytes == 0 {
		return func() {}
	}
	type node [8]*node // 64 bytes of pointers for the collector to follow
	var alive *node
	for range 2 * megabytes << 20 / 64 {
		alive = &node{alive}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		// Steps of a millisecond: what is allocated evenly is what a program does.
		t := time.NewTicker(time.Millisecond)
		defer t.Stop()
		var last *node
		begin, made := time.Now(), 0
		for {
			select {
			case <-quit:
				runtime.KeepAlive(last)
				runtime.KeepAlive(alive)
				return
			case <-t.C:
			}
			for want := int(time.Since(begin).Seconds() * float64(megabytes<<20) / 64); made < want; made++ {
				last = &node{}
			}
		}
	}()
	return func() { close(quit); <-done }
}
