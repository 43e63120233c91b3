// Package reload owns what a process runs: it notices that the pipeline's files changed, reads and judges them in a process of their
// own, has the engine take the new graph, and keeps the last one that proved good.
//
//	r, err := reload.New(reload.Config{Paths: paths, Options: opts, Command: command, Swap: swap, StateDir: dir}, running)
//	err = r.Run(ctx)                        // until ctx is done
//	out, err := r.Reload(ctx, reload.Asked) // what SIGHUP and POST /api/v1/reload do
//	for _, route := range r.Routes() {...}  // what the HTTP server mounts
//
// One goroutine decides (loop.go). The newest edit wins: one that comes while an older one is prepared ends that, and there is never
// more than one to come. A pipeline that cannot be read, has errors, or cannot be prepared changes nothing: it is told in the log, the
// metrics and GET /api/v1/reloads, and the pipeline that runs goes on. Nodes that are edited over HTTP are a text beside the
// files (dsl.Options.Overlay) and go the same way.
//
// Run owns three goroutines: the loop, one that waits for files, and one for the attempt under way. It returns when all have ended.
package reload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/cmd/rvo/internal/watch"
	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
)

// History is how many reloads are remembered.
const History = 16

// DefaultProbation is how long a new graph has to prove itself before it is the last good one.
const DefaultProbation = 30 * time.Second

// Config is what a Reloader needs. Paths, Options.Kinds, Command, Swap and StateDir must be set.
type Config struct {
	// Paths and Options are the pipeline, as they were read at the start. Options.Overlay is that of the start too.
	Paths   []string
	Options vet.Options
	// Command is the program that reads a pipeline, see vet.InChild.
	Command []string
	// Vet replaces Command where it is not nil: for tests.
	Vet func(ctx context.Context, paths []string, o vet.Options) (*vet.Result, error)
	// Swap has the engine take another graph.
	Swap Swap
	// Generation counts the graphs that ran, as the engine does.
	Generation func() uint64
	// Around, where it is not nil, is called when an attempt begins, and what it returns when that has ended.
	Around func() (after func())
	// Started reports whether every node of the first graph was opened; nil: it was.
	Started func() bool
	// Watch waits for changes of the files; nil: nobody does. New's caller closes it.
	Watch *watch.Watcher
	// Refused is what was found in the files at the start, where the last good pipeline runs in their place; nil: they say what runs.
	Refused []dsl.Finding
	// StateDir is where the last good pipeline and the overlay are written.
	StateDir string
	// Probation is that of the swap, which the engine keeps; 0: DefaultProbation, negative: none.
	Probation time.Duration
	// Log gets a line a reload; nil: silent.
	Log *slog.Logger
	// Registry gets the metrics; nil: one of its own.
	Registry prometheus.Registerer
}

// Swap has the engine take another graph. It returns when that runs, or why it does not: an *Error where one node is to blame.
// Nothing has happened then.
type Swap func(context.Context, Order) (Swapped, error)

// Order is what a Swap is to do.
type Order struct {
	Graph *graph.Graph
	Nodes []graph.Node // of the graph, as the files that they read were
	// Probation is how long the graph has to prove itself; 0: not at all.
	Probation time.Duration
	By        Trigger // who asked
	// Ended is to be called once for a graph that ran, when its probation is over. It does not block and may be called from any
	// goroutine.
	Ended func(Ended)
}

// Swapped is what a swap did.
type Swapped struct {
	Generation uint64
	Changes    []graph.Change // as they were carried out
	Prepare    time.Duration  // until everything new was open
	Commit     time.Duration  // in which the core took no input
}

// Ended is how a probation ended.
type Ended struct {
	Kept       bool
	Node, Why  string // of a rollback
	Generation uint64 // after a rollback
}

// Error is why a swap was refused.
type Error struct {
	Node string // "camera/front"
	Step string // open, warm-up, memory, cpu, exclusive, commit
	Err  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Node == "" {
		return fmt.Sprintf("%s: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.Node, e.Step, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	// ErrNewer is why an attempt ended that a newer edit made useless.
	ErrNewer = errors.New("a newer edit came")
	// ErrClosed says that the process ends.
	ErrClosed = errors.New("rvo is stopping")
	// ErrBusy says that more edits wait than are taken.
	ErrBusy = errors.New("too many edits wait: try again when the present ones are done")
)

// Reloader owns what runs.
type Reloader struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics
	reader  *reader
	facts   *facts
	plans   chan struct{} // one place: dry runs are made one at a time

	asked   chan *request // from Reload and Edit
	nudged  chan struct{} // from Nudge; this and the next two have one place: news is news
	news    chan struct{} // from the watcher: files changed
	told    atomic.Int64  // when the system first told of that, Unix nanoseconds; 0: it was found by looking
	grown   chan struct{} // from the watcher: it looks at files that it did not look at before
	wants   *wants        // for the watcher
	endings *endings
	good    *newest // for the keeper of the last good pipeline
	closed  chan struct{}

	mu      sync.Mutex // guards what follows
	running *Loaded
	history []Outcome // the newest first
	refused *Outcome  // what is on disk and does not run
	trial   *trial    // the probation under way
	files   []string  // what the pipeline was read from last

	bad string // what is refused, by key; owned by the loop
}

// trial is a graph on probation.
type trial struct {
	Generation uint64    `json:"generation"`
	Until      time.Time `json:"until"`
	now, was   *Loaded
	outcome    Outcome
}

// New returns a Reloader of a pipeline that runs.
func New(c Config, running *Loaded) (*Reloader, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Probation == 0 {
		c.Probation = DefaultProbation
	}
	r := &Reloader{
		cfg: c, log: c.Log, facts: newFacts(), plans: make(chan struct{}, 1),
		asked: make(chan *request), nudged: make(chan struct{}, 1), news: make(chan struct{}, 1), grown: make(chan struct{}, 1),
		wants: &wants{}, endings: newEndings(), good: newNewest(), closed: make(chan struct{}), running: running, files: running.Files,
	}
	r.reader = &reader{cfg: &r.cfg}
	if c.Refused != nil {
		r.refused = &Outcome{Result: Rejected, Trigger: Changed, At: time.Now().UTC(), Findings: c.Refused, Changes: []graph.Change{}}
	}
	var err error
	r.metrics, err = newMetrics(c.Registry, r)
	return r, err
}

// Running returns the pipeline that runs.
func (r *Reloader) Running() *Loaded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

// Refused returns what was edited last and does not run; nil: what was edited last runs.
func (r *Reloader) Refused() *Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}
