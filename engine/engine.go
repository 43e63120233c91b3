// Package engine runs a graph: it owns every goroutine, carries out what the core decides, and measures.
//
//	e, err := engine.New(engine.Config{Graph: g, Kinds: kinds, Log: log, StateDir: dir})
//	err = e.Run(ctx) // returns after everything that it started has ended
//
// The live path never waits for slow work: detectors, encoding, sinks and disks have goroutines of their own, and every
// hand-over to them has a bound, a policy and a counter (DESIGN.md beside this file lists them). The engine knows nothing of
// CUE, OpenCV or the command line.
//
// Engine owns one goroutine for the core, two for each camera (one watches, one reads), one encoder for each camera with
// evidence, one for each CPU slot, one for each run that waits or is short, one for evidence on disk, one for each sink
// and one for the wall clock. The core is called by one of them at a time: by whoever has news for it (turn.go). Run starts them and returns after the last has ended, but for reads and runs that hang
// in foreign code: those were abandoned, are counted and bounded.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/isolate"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// Config is what an Engine needs. Graph must be set.
type Config struct {
	Graph *graph.Graph
	Codec frame.Codec  // nil: frame.StdCodec
	Log   *slog.Logger // nil: silent
	// Nodes are those of Graph, taken with Facts when its files were read; nil: they are taken when Run begins.
	Nodes    []graph.Node
	Registry *prometheus.Registry // nil: one of its own
	StateDir string               // where relative output paths lead
	ClipsDir string               // replaces the folder of every evidence policy, when set
	Stdout   io.Writer            // nil: io.Discard
	Terminal bool                 // Stdout is one that a person reads
	RunID    string               // empty: random
	Drain    time.Duration        // bound of a graceful stop; 0: DefaultDrain
	Wall     func() time.Time     // wall clock; nil: time.Now
	Secret   func(node.Secret) (string, error)
	// Feed keeps event records for Engine.Record.
	Feed bool
	// Observe, when not nil, is called after each tick with its inputs, how long the core took and what it decided,
	// before any of that is carried out; calls never overlap. It is for measurements: the pipeline waits for it, and it
	// must neither block nor keep inputs or decisions after it returns.
	Observe func(ins []sched.Input, took time.Duration, decided []sched.Decision)
	// Tracer, when not nil, is told of everything that happens to a picture.
	Tracer Tracer
	// Precise takes deadlines from the kernel's timer instead of the Go runtime's, where there is one: 6 us late instead
	// of half a millisecond; and wakes the threads of CPU slots by the kernel's own means. Off where time is virtual, which the
	// kernel does not know.
	Precise bool
	// Nice is how far the threads and processes of detectors are lowered below everything else: 0 (not at all) to MaxNice;
	// nil: DefaultNice. It has no effect where threads have no priority of their own (not Linux).
	Nice *int
	// Record gets the log of everything the core is given (sched.ReadLog reads it back); nil: none is kept. It may block;
	// the engine does not wait for it and does not close it. Of a swap it has the revision: whoever is to replay it keeps what
	// the graph of each revision is built from, as they come (Swap's report has it), for sched.Resolve.
	Record io.Writer
}

// DefaultDrain bounds a graceful stop: long enough for a slow detector's last run and a clip on a slow disk, short
// enough for a service manager's patience.
const DefaultDrain = 5 * time.Second

// Engine runs one graph, once.
type Engine struct {
	cfg      Config
	log      *slog.Logger
	logs     *logger
	run      string
	begin    time.Time // core time 0 on the monotonic clock
	stopping time.Time // when the stop began; owned by the core goroutine
	media    atomic.Int64

	turn *turn
	core *sched.Core // owned by the holder of the turn
	// w is all that runs the present graph: the holder of the turn swaps it, anybody reads. What one reads in one go is of
	// one graph.
	w         atomic.Pointer[wiring]
	still     bool // core time is media time
	evidence  *keeper
	metrics   *metrics
	memory    *account
	recording *inputLog // nil: not asked for
	feed      *feed     // nil: likewise
	pool      *pool

	// Owned by the holder of the turn.
	inputs    []sched.Input // of the present turn
	decisions []sched.Decision
	back      []*job    // runs whose end is in inputs
	spare     []*job    // for runs to come
	lap       lap       // in lockstep
	wakeAt    tick.Time // when the core wants to be called at the latest
	alarm     alarm
	armed     tick.Time // when the alarm rings, tick.Never: it does not

	results  results        // ends of runs
	rang     atomic.Bool    // the alarm, since it was last set
	moved    atomic.Bool    // processes of detectors went away or came back, or another wiring runs, since the core was last told
	control  chan func()    // what others ask the core goroutine to do
	ended    chan struct{}  // a camera is over
	closed   chan struct{}  // closed when the core has stopped
	wg       sync.WaitGroup // every goroutine but those of foreign code that hangs
	offset   atomic.Int64   // wall minus core time, as last told the core
	state    atomic.Int32   // phase
	starting sync.Mutex     // held where the phase changes before the core runs, and where its state is read then
	final    atomic.Pointer[Status]
	// finalCore is the core's state at the end, for those who ask later.
	finalCore atomic.Pointer[snapshot]
	opened    atomic.Bool // every sink and model is
	// Of swaps. watching ends when cameras are to, hard when the stop's bound is over; Run sets both before it runs.
	watching context.Context //nolint:containedctx // of the run: what a swap opens lives as long
	hangUp   context.CancelFunc
	hard     context.Context     //nolint:containedctx // likewise
	swapping chan struct{}       // has a token while one is made: of whoever may swap
	nodes    []graph.Node        // of the graph that runs, nil: not asked for yet; owned by whoever may swap
	first    func() []graph.Node // of the graph that the run began with, as its files were then
	last     *edit               // the newest that was carried out; likewise
	edit     *edit               // that the core is about to carry out; owned by the holder of the turn
	orphans  []*job              // runs of lanes that are gone; likewise
	trial    *trial              // of what the last swap brought; likewise
	complete bool                // every camera's file has ended; likewise
	strays   atomic.Int64        // calls of foreign code that a swap gave up and that have not come back
	left     atomic.Uint64       // nodes that could not be closed
	reloads  reloads
	records  recordCounts
}

type phase int32

const (
	phaseNew phase = iota
	phaseOpening
	phaseRunning
	phaseStopping
	phaseDone
)

// New checks the configuration and returns an engine that is ready to Run. It opens nothing.
func New(cfg Config) (*Engine, error) {
	if cfg.Graph == nil {
		return nil, errors.New("engine: no graph")
	}
	if missing := Missing(cfg.Graph); len(missing) > 0 {
		return nil, &NotBuiltError{missing}
	}
	if cfg.Codec == nil {
		cfg.Codec = frame.StdCodec{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	if cfg.Stdout == nil {
		cfg.Stdout = io.Discard
	}
	if cfg.Drain == 0 {
		cfg.Drain = DefaultDrain
	}
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	if cfg.Secret == nil {
		cfg.Secret = func(node.Secret) (string, error) { return "", errors.New("this program resolves no secrets") }
	}
	if cfg.RunID == "" {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, fmt.Errorf("engine: run id: %w", err)
		}
		cfg.RunID = hex.EncodeToString(b[:])
	}
	g := cfg.Graph
	e := &Engine{
		cfg: cfg, run: cfg.RunID, logs: newLogger(), still: g.Lockstep,
		turn: newTurn(), control: make(chan func()), swapping: make(chan struct{}, 1), ended: make(chan struct{}, 1),
		wakeAt: tick.Never, armed: tick.Never, closed: make(chan struct{}),
	}
	e.log = slog.New(e.logs.handler(cfg.Log.Handler()))
	w := newWiring(g, 1)
	e.w.Store(w)
	e.nodes = cfg.Nodes
	e.first = firstNodes(g)
	e.core = sched.New(g, w.bounds)
	var err error
	if cfg.Feed {
		e.feed = newFeed()
	}
	if e.recording, err = newInputLog(e, g, w.bounds); err != nil {
		return nil, err
	}
	e.metrics = newMetrics(e, cfg.Registry)
	nice, err := cfg.nice()
	if err != nil {
		return nil, err
	}
	e.pool = newPool(e, len(g.Instances), w.slots, sched.DefaultBlocking, nice)
	if e.evidence, err = newKeeper(e, w); err != nil {
		return nil, err
	}
	if e.memory, err = newAccount(g.Memory, rings(g)); err != nil {
		return nil, err
	}
	for i := range g.Cameras {
		c, err := newCamera(e, g, i)
		if err != nil {
			return nil, err
		}
		w.cams[i] = c
		s := &seat{spec: &g.Cameras[i], index: i, ready: w.ready}
		if s.spec.Ring > 0 {
			s.enc = newEncoder(e.evidence, g, i)
		}
		c.sit(s)
	}
	for i := range g.Instances {
		w.lanes[i] = newLane(e, g, i)
	}
	for i := range g.Machines {
		w.machines[i] = newMachine(g, i, e.metrics.latency)
	}
	return e, nil
}

// NotBuilt is a node whose kind is not in this build.
type NotBuilt struct {
	Node  string // "camera/front"
	Kind  string
	Needs string // what is missing and how to get it
}

// NotBuiltError says which nodes of a pipeline this build cannot run.
type NotBuiltError struct{ Nodes []NotBuilt }

// Error implements error.
func (e *NotBuiltError) Error() string {
	var b strings.Builder
	b.WriteString("this build lacks kinds that the pipeline uses:")
	for _, n := range e.Nodes {
		fmt.Fprintf(&b, "\n  %s is of kind %q, which needs %s", n.Node, n.Kind, n.Needs)
	}
	return b.String()
}

// Missing returns the nodes of a graph whose kinds are not in this build.
func Missing(g *graph.Graph) []NotBuilt {
	var out []NotBuilt
	add := func(node string, k *node.Kind) {
		if !k.Built() {
			out = append(out, NotBuilt{node, k.Contract.Name, k.Contract.Needs})
		}
	}
	for i := range g.Cameras {
		add("camera/"+g.Cameras[i].ID, g.Cameras[i].Kind)
	}
	for i := range g.Detectors {
		add("detector/"+g.Detectors[i].ID, g.Detectors[i].Kind)
	}
	for i := range g.Sinks {
		add("sink/"+g.Sinks[i].ID, g.Sinks[i].Kind)
	}
	return out
}

// now returns core time: media time in lockstep, else monotonic time since the run began.
func (e *Engine) now() tick.Time {
	if e.still {
		return tick.Time(e.media.Load())
	}
	return tick.Time(time.Since(e.begin))
}

// wall returns wall time at a point of core time, by the offset that the core knows.
func (e *Engine) wall(t tick.Time) time.Time { return time.Unix(0, e.offset.Load()+int64(t)).UTC() }

// spawn starts a goroutine that Run waits for.
func (e *Engine) spawn(f func()) { e.wg.Go(f) }

// env returns what every node gets.
func (e *Engine) env(g *graph.Graph, role, id string) node.Env {
	return node.Env{
		ID: id, Dir: g.Dir, StateDir: e.cfg.StateDir, Log: e.log.With("node", role+"/"+id), Secret: e.cfg.Secret,
		Now: e.now, Seed: graph.Seed(role, id), Terminal: e.cfg.Terminal, Stdout: e.cfg.Stdout,
	}
}

// Run opens every node and runs until ctx is done or every camera has ended, then stops gracefully: cameras first, then
// the runs that are out, then pending events, clips and sinks, all within Config.Drain. It returns an error when a
// detector's model or a sink cannot be opened, or, in lockstep, a camera. It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	if !e.enter(phaseNew, phaseOpening) {
		return errors.New("engine: Run was called before")
	}
	e.offset.Store(e.cfg.Wall().UnixNano())
	defer e.state.Store(int32(phaseDone))
	e.logs.live.Store(true)
	go e.logs.run() //nolint:contextcheck // it ends in stop, after everybody who may log, and so after ctx
	defer e.logs.stop(time.Second)

	w := e.w.Load()
	if err := e.open(ctx, w); err != nil {
		e.closeAll()
		e.enter(phaseOpening, phaseDone)
		e.freeze()
		return err
	}
	e.opened.Store(true)
	hard, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(nil)
	e.hard = hard
	e.watching, e.hangUp = context.WithCancel(ctx)
	defer e.hangUp()
	e.pool.start(hard)
	if e.recording != nil {
		e.spawn(e.recording.run)
	}
	e.evidence.start(hard, w)
	for _, s := range w.sinks {
		s.start(hard)
	}
	if e.nodes == nil && !e.still {
		e.spawn(func() { e.first() }) // looks at the files now; what it makes of them is made again when it is asked for
	}
	e.enter(phaseOpening, phaseRunning)
	var err error
	if e.still {
		err = e.lockstep(ctx)
	} else {
		e.live(ctx)
	}
	e.pool.stop()
	e.finish(kill)
	return err
}

// enter goes from one phase to the next. Until the core runs whoever asks for the state reads it himself, under the same
// lock: the core does not begin in the middle of that.
func (e *Engine) enter(from, to phase) bool {
	e.starting.Lock()
	defer e.starting.Unlock()
	if phase(e.state.Load()) != from {
		return false
	}
	if from == phaseNew {
		e.begin = time.Now()
	}
	e.state.Store(int32(to))
	return true
}

// open opens models and sinks: against the flow, so that nothing is produced before somebody can take it.
func (e *Engine) open(ctx context.Context, w *wiring) error {
	var errs []error
	e.evidence.check(w)
	for i := range w.g.Sinks {
		s, err := openSink(ctx, e, w.g, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("sink %q: %w", w.g.Sinks[i].ID, err))
			continue
		}
		w.sinks[i] = s
	}
	for i := range w.g.Detectors {
		d := &w.g.Detectors[i]
		m, err := e.openModel(ctx, w.g, i)
		if err != nil {
			errs = append(errs, fmt.Errorf("detector %q: %w", d.ID, err))
			continue
		}
		w.models[i] = m
		for _, li := range d.Instances {
			w.lanes[li].model = m
			if err := w.lanes[li].open(ctx); err != nil {
				errs = append(errs, fmt.Errorf("detector %q on camera %q: %w", d.ID, w.g.Cameras[w.g.Instances[li].Camera].ID, err))
			}
		}
	}
	return errors.Join(errs...)
}

// openModel opens a detector's model, in a process of its own where the pipeline says so.
func (e *Engine) openModel(ctx context.Context, g *graph.Graph, i int) (*model, error) {
	d := &g.Detectors[i]
	env := node.DetectorEnv{Env: e.env(g, "detector", d.ID), Threads: d.Threads, Codec: e.cfg.Codec, Compute: e.compute}
	if d.Isolate != graph.IsolateProcess {
		m, err := d.Kind.OpenDetector(ctx, env, d.Options)
		if err != nil {
			return nil, err
		}
		return &model{id: d.ID, node: m}, nil
	}
	m := &model{id: d.ID}
	o := isolate.Options{Still: g.Lockstep, Nice: e.pool.nice}
	if !g.Lockstep { // there what is decided must not depend on how soon a process is back: its runs wait for it
		o.Away = func(bool) { e.strayed(m) }
	}
	p, err := isolate.Open(ctx, d.Kind, env, d.Options, o)
	if err != nil {
		return nil, err
	}
	m.node, m.process = p, p
	return m, nil
}

// finish flushes what is pending, within what is left of the drain, and closes everything.
func (e *Engine) finish(kill context.CancelCauseFunc) {
	left := e.cfg.Drain
	if !e.stopping.IsZero() {
		left = max(left-time.Since(e.stopping), left/4) // runs that were waited for must not cost the clips
	}
	limit := time.AfterFunc(left, func() { kill(errors.New("the stop took longer than its bound")) })
	defer limit.Stop()
	w := e.w.Load()
	e.evidence.stop(w)
	for _, s := range w.sinks {
		s.stop()
	}
	e.starting.Lock()   // whoever joined did so before
	e.starting.Unlock() //nolint:staticcheck,gocritic // that is all it is for
	done := make(chan struct{})
	go func() { // the one wait that may be given up
		e.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(left + time.Second):
		e.log.Error("stop: some work did not end within its bound and is left behind", "bound", e.cfg.Drain)
	}
	e.closeAll()
}

// closeAll closes instances and models that no abandoned run uses, sinks and pools.
func (e *Engine) closeAll() {
	w := e.w.Load()
	for _, s := range w.sinks {
		switch {
		case s == nil: // it did not open
		case s.ended():
			s.close()
		default: // somebody else's code still writes with it
			e.log.Error("stop: a sink still writes and is not closed", "node", "sink/"+s.id)
		}
	}
	stuck := make([]bool, len(w.models))
	for i, l := range w.lanes {
		if !l.close() {
			stuck[w.g.Instances[i].Detector] = true
		}
	}
	for i, m := range w.models {
		if m != nil && !stuck[i] { // else it did not open, or one of its runs still uses it
			m.close(e)
		}
	}
	for _, c := range w.cams {
		c.close()
	}
}

// Reopen asks every sink that can to reopen its output, as after a log rotation.
func (e *Engine) Reopen() {
	for _, s := range e.openSinks(e.w.Load()) {
		s.reopen.Store(true)
	}
}
