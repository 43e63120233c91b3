package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// cameraOptions are what stands under the kind of a made-up camera. Rate and Phase are exact where the pipeline's fps is
// rounded.
type cameraOptions struct {
	Period int64 `json:"period"` // nanoseconds between pictures
	Phase  int64 `json:"phase"`  // nanoseconds of the first one after the camera opened
	Width  int   `json:"width"`
	Height int   `json:"height"`
}

// loadOptions are what stands under the kind of a made-up detector.
type loadOptions struct {
	Cost int64 `json:"cost"` // nanoseconds
}

// kinds returns the nodes of a scenario. What they count goes to t.
func kinds(t *tally) (*node.Set, error) {
	return node.NewSet(append(detectors(t),
		node.Camera(node.Contract{
			Name: "clock", Doc: "pictures at an exact rate, each stamped with the moment it was due",
			Options: "#Options: {period: int, phase: int, width: int, height: int}\n", Live: true,
		}, func(env node.CameraEnv, o cameraOptions) (node.Source, error) {
			return &source{t: t, now: env.Now, o: o, art: t.art}, nil
		}),
		node.SinkKind(node.Contract{Name: "discard", Doc: "takes every record and keeps none", Options: "#Options: {}\n"},
			func(context.Context, node.Env, struct{}) (node.Sink, error) { return discard{}, nil }),
	)...)
}

// detectors returns the made-up detectors.
func detectors(t *tally) []node.Kind {
	emits := func(json.RawMessage) ([]node.Emit, error) {
		return []node.Emit{
			{Name: "value", Type: signal.TypeInt, Doc: "always 1"},
			{Name: "edge", Type: signal.TypeInt, Doc: "1 for pictures of every second 100 ms, else 0"},
		}, nil
	}
	cost := func(raw json.RawMessage) time.Duration {
		var o loadOptions
		if json.Unmarshal(raw, &o) != nil {
			return 0 // said by whoever opens it
		}
		return time.Duration(o.Cost)
	}
	detector := func(w Work, doc string) node.Kind {
		return node.Detector(node.Contract{
			Name: string(w), Doc: doc, Options: "#Options: {cost: int}\n", Emits: emits, CostOf: cost, Blocking: w == Wait,
		}, func(_ context.Context, env node.DetectorEnv, o loadOptions) (node.Model, error) {
			return &model{t: t, id: env.ID, now: env.Now, work: w, cost: time.Duration(o.Cost)}, nil
		})
	}
	return []node.Kind{
		detector(Wait, "waits as for an accelerator"),
		detector(Burn, "computes for a set processor time"),
		detector(Killed, "computes, and is killed from outside in some runs"),
		detector(Aborted, "computes, and aborts in some runs, as a library does"),
		detector(Hoards, "computes, and takes memory without end in some runs"),
	}
}

// tally is what cameras and detectors count, by whichever goroutine they run on.
type tally struct {
	from, to tick.Time     // the window, on core time
	edges    time.Duration // between two edges of what detectors say
	art      []byte        // the picture that cameras with pixels show
	offered  atomic.Uint64
	noBuffer atomic.Uint64
	crowd    *crowd // the cameras' clock, nil: each has its own

	mu struct {
		sync.Mutex
		starts map[string]*start // by instance: "d@c1"
	}
}

// start is when an instance's present run began, on which picture, and how long the detector itself then took. The run
// writes it, the core's side reads it after the run has ended and before the next begins.
type start struct{ at, capture, spent atomic.Int64 }

func newTally(from, to tick.Time) *tally {
	t := &tally{from: from, to: to, edges: edgePeriod}
	t.mu.starts = map[string]*start{}
	return t
}

// tally returns one for the window of a scenario.
func (o *Options) tally(s *Scenario) *tally {
	t := newTally(tick.Time(o.Warmup), tick.Time(o.Warmup+o.Duration))
	if s.Edges > 0 {
		t.edges = s.Edges
	}
	return t
}

func (t *tally) start(name string) *start {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.mu.starts[name]
	if s == nil {
		s = &start{}
		t.mu.starts[name] = s
	}
	return s
}

func (t *tally) in(at tick.Time) bool { return at >= t.from && at < t.to }

// source is a camera that is driven by a clock.
type source struct {
	t   *tally
	now func() tick.Time
	o   cameraOptions
	art []byte
}

// Open implements node.Source.
func (s *source) Open(context.Context) (node.Stream, error) {
	next := s.now() + tick.Time(s.o.Phase)
	c, err := s.clock(next)
	if err != nil {
		return nil, err
	}
	return &stream{source: s, clock: c, next: next}, nil
}

// clock returns what tells the camera its moments: that of a crowd, where there are many cameras, else one of its own.
func (s *source) clock(first tick.Time) (clock, error) {
	if s.t.crowd != nil {
		return s.t.crowd.join(s.now, first, time.Duration(s.o.Period))
	}
	period := time.Duration(s.o.Period)
	return newBeat(s.now, first, period, watched(period))
}

// clock tells the moments of an exact rate.
type clock interface {
	// wait returns at the next moment, at once for one that has passed, or with os.ErrClosed once the clock is closed.
	wait() error
	close() error
}

type stream struct {
	*source
	clock clock
	next  tick.Time // when the next picture is due
}

// Next implements node.Stream. A picture that comes late carries the moment it was due; none is left out.
func (s *stream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if err := s.clock.wait(); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return nil, node.ErrClosed
		}
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	due := s.next
	s.next += tick.Time(s.o.Period)
	counts := s.t.in(due)
	if counts {
		s.t.offered.Add(1)
	}
	w, h, format := 2, 2, frame.Gray
	if s.o.Width > 0 {
		w, h, format = s.o.Width, s.o.Height, frame.I420
	}
	f, err := alloc.Get(format, w, h)
	if err != nil {
		if counts && errors.Is(err, frame.ErrNoBuffer) {
			s.t.noBuffer.Add(1)
		}
		return nil, err
	}
	if len(s.art) > 0 {
		copy(f.Pix(), s.art)
	}
	f.Capture = max(due, 1) // 0 would be stamped by the engine
	return f, nil
}

// Info implements node.Stream.
func (s *stream) Info() node.StreamInfo {
	return node.StreamInfo{Width: s.o.Width, Height: s.o.Height, FPS: float64(time.Second) / float64(s.o.Period)}
}

// Close implements node.Stream.
func (s *stream) Close() error { return s.clock.close() }

// model makes the instances of one made-up detector.
type model struct {
	t    *tally
	id   string
	now  func() tick.Time
	work Work
	cost time.Duration
}

// NewInstance implements node.Model.
func (m *model) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	i := &instance{model: m, start: m.t.start(m.id + "@" + string(env.Camera))}
	if m.work == Wait && m.cost > 0 { // thousands that return at once need no descriptor each
		var err error
		if i.alarm, err = newAlarm(); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// Close implements node.Model.
func (m *model) Close() error { return nil }

type instance struct {
	*model
	alarm *alarm
	start *start
}

// Detect implements node.Instance.
func (i *instance) Detect(_ context.Context, run *node.Run) error {
	capture, began := run.Frames[0].Capture, i.now()
	i.start.at.Store(int64(began))
	i.start.capture.Store(int64(capture))
	if err := spend(i.work, i.cost, i.alarm); err != nil {
		return fmt.Errorf("%s %v: %w", i.work, i.cost, err)
	}
	if run.N%deadlyRun == 0 {
		die(i.work)
	}
	i.start.spent.Store(int64(i.now().Sub(began)))
	run.Set("value", signal.Int(1))
	run.Set("edge", signal.Int(i.t.edge(capture)))
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error {
	if i.alarm == nil {
		return nil
	}
	return i.alarm.close()
}

// spend takes as long as a run is to take.
func spend(w Work, d time.Duration, a *alarm) error {
	if d <= 0 {
		return nil
	}
	if w == Wait {
		return a.wait(d)
	}
	runtime.LockOSThread() // the clock is the thread's own
	defer runtime.UnlockOSThread()
	for end := threadTime() + d; threadTime() < end; {
		compute()
	}
	return nil
}

// compute keeps the processor busy for about ten microseconds, so that reading the clock is no part of the load.
func compute() {
	x := uint32(1)
	for range 4000 {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
	}
	runtime.KeepAlive(x)
}

// edgePeriod is how long the edge signal keeps a value where the scenario does not say otherwise: five rising edges a second.
const edgePeriod = 100 * time.Millisecond

// edge is what a detector says of a picture: the time from a picture of another value to its event is the time from
// camera to event.
func (t *tally) edge(capture tick.Time) int64 { return int64(capture) / int64(t.edges) % 2 }

type discard struct{}

// Write implements node.Sink.
func (discard) Write(context.Context, *node.Record, []byte) error { return nil }

// Close implements node.Sink.
func (discard) Close() error { return nil }
