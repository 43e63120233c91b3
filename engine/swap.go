package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/graph"
)

const (
	// DefaultPrepare bounds what a swap makes ready before anything changes: a camera on a slow link and a large model each take
	// seconds, and whoever saved a file wants to hear of a mistake while he still thinks of it.
	DefaultPrepare = 30 * time.Second
	// DefaultProbation is how long what a swap brought is watched: long enough for a detector that is run once in several seconds
	// to fail, short enough for the old nodes to be kept so long.
	DefaultProbation = 30 * time.Second
)

// ErrStopped says that the engine does not run (yet, or any more) and so has no graph to be swapped.
var ErrStopped = errors.New("the pipeline does not run: there is no graph to swap")

// SwapOptions say how a swap is made.
type SwapOptions struct {
	// Nodes are those of the new graph, as they are in the moment that their files are read; nil: taken with Facts when the
	// swap begins.
	Nodes []graph.Node
	// Prepare bounds all that is done before the commit; 0: DefaultPrepare.
	Prepare time.Duration
	// Probation is how long the new nodes are watched and the old ones kept; 0: not at all.
	Probation time.Duration
	// By says who asked, in Status.
	By string
	// Ended, when not nil, is called once for a swap that was committed, from a goroutine of its own, when its probation is
	// over.
	Ended func(SwapOutcome)
}

// SwapReport is what a swap did.
type SwapReport struct {
	Generation uint64         `json:"generation"` // of the new graph
	Revision   string         `json:"revision"`
	Changes    []graph.Change `json:"changes"` // as they were carried out
	// Prepare is what was done beside the live path, Commit how long the core took no input, Total all of it with the wait for a
	// swap before.
	Prepare time.Duration `json:"prepare_ns"`
	Commit  time.Duration `json:"commit_ns"`
	Total   time.Duration `json:"total_ns"`
	At      time.Time     `json:"at"` // wall time of the commit
}

// SwapOutcome is how a swap ended that was committed.
type SwapOutcome struct {
	Generation uint64 // that it made
	// Kept: nothing was wrong until the end of its probation, or another swap or the end of the run came first. Else it was
	// rolled back, because of Node.
	Kept bool
	Node string
	Why  string
	Now  uint64 // generation that runs after it
	Err  error  // why it could not be rolled back; it runs on
}

// The steps at which a swap can be refused.
const (
	StepOpen      = "open"      // a node could not be opened, or gave nothing
	StepWarmUp    = "warm-up"   // a detector failed on the newest picture
	StepMemory    = "memory"    // old and new do not fit together
	StepCPU       = "cpu"       // a detector wants more than there is
	StepExclusive = "exclusive" // the successor of what cannot be open twice; the old one is open again
	StepCommit    = "commit"    // the run ended before it
)

// SwapError is why a swap was refused: nothing has changed.
type SwapError struct {
	Node string // id as in graph.Node, empty where none is to blame
	Step string
	Err  error
}

// Error implements error.
func (e *SwapError) Error() string {
	if e.Node == "" {
		return fmt.Sprintf("%s: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.Node, e.Step, e.Err)
}

// Unwrap returns the cause.
func (e *SwapError) Unwrap() error { return e.Err }

// Swap puts another graph in the place of the one that runs. What both have goes on as it is; what is new is opened, and tried
// on the newest picture, beside the live path; then one turn of the core switches over, and what is gone is closed after its
// last run. An error means that nothing has changed: a *SwapError, ErrStopped, or the cause of ctx while it waited for a swap
// before it. A ctx that is done later gives the preparation up.
//
// It may be called from any goroutine; swaps follow one another. In lockstep there are none: what a run decides there must not
// depend on when an edit came.
func (e *Engine) Swap(ctx context.Context, g *graph.Graph, o SwapOptions) (SwapReport, error) {
	begin := time.Now()
	if !e.join() {
		return SwapReport{}, ErrStopped
	}
	defer e.wg.Done()
	select {
	case e.swapping <- struct{}{}:
		defer func() { <-e.swapping }()
	case <-ctx.Done():
		return SwapReport{}, context.Cause(ctx)
	case <-e.watching.Done():
		return SwapReport{}, ErrStopped
	}
	rep, err := e.swap(ctx, g, o, begin)
	if err != nil && !errors.Is(err, ErrStopped) && ctx.Err() == nil { // else the caller gave it up, for a newer one perhaps
		e.refused(g, o, begin, err)
	}
	return rep, err
}

// join counts the caller among those that Run waits for, and reports false when there is no run.
func (e *Engine) join() bool {
	e.starting.Lock()
	defer e.starting.Unlock()
	if phase(e.state.Load()) != phaseRunning {
		return false
	}
	e.wg.Add(1)
	return true
}

// swap makes a swap; the caller has the right to.
func (e *Engine) swap(ctx context.Context, g *graph.Graph, o SwapOptions, begin time.Time) (SwapReport, error) {
	if e.still || g.Lockstep {
		return SwapReport{}, &SwapError{Step: StepOpen, Err: errors.New(`a run in lockstep takes no swap, and one that is live does not become one: start again`)}
	}
	if missing := Missing(g); len(missing) > 0 {
		return SwapReport{}, &SwapError{Node: missing[0].Node, Step: StepOpen, Err: &NotBuiltError{missing}}
	}
	limit := o.Prepare
	if limit == 0 {
		limit = DefaultPrepare
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready within %v", limit))
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	defer context.AfterFunc(e.watching, func() { giveUp(ErrStopped) })() //nolint:contextcheck // the run, not the caller

	d := e.newEdit(g, o, nil)
	err := d.prepare(ctx)
	if err == nil {
		err = context.Cause(ctx)
	}
	ready := time.Now()
	if err == nil {
		if o.Probation > 0 {
			d.trial = newTrial(d, e.standing())
		}
		err = d.commit()
	}
	if err != nil {
		d.discard() //nolint:contextcheck // has a bound of its own: ctx may be over
		if cause := context.Cause(ctx); errors.Is(cause, ErrStopped) {
			err = ErrStopped
		}
		return SwapReport{}, err
	}
	rep := SwapReport{
		Generation: d.new.generation, Revision: g.Revision, Changes: d.changes,
		Prepare: ready.Sub(begin), Commit: d.pause, Total: time.Since(begin), At: d.at,
	}
	e.committed(d, rep) //nolint:contextcheck // what is gone is closed after the caller has his answer
	return rep, nil
}
