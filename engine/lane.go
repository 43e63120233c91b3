package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// lane carries out the runs of one detector instance. The core sees to it that there is one at a time. There are thousands, and
// hardly ever is one in the processor's cache when its turn comes: what each run needs stands together, first that of the turn's
// holder, then that of whoever runs it.
type lane struct {
	took  *hist
	emits []node.Emit
	timed bool // its runs wait for something that may want to know for how long: they get a context with a deadline

	// Owned by the holder of the turn.
	gone    bool // not in the wiring that runs: nothing is started any more, and the end of the run that is out is the core's by its job alone
	broken  bool // and logged as such
	index   int  // in the wiring that runs
	runs    uint64
	moved   uint64 // of model.moved, as the core was told
	current *job   // the run that is out, nil: none

	mu struct {
		sync.Mutex
		inst  node.Instance
		job   uint64 // the run that uses inst, 0: none
		stuck int    // runs that were abandoned and have not come back
		err   string
	}

	e        *Engine
	detector string
	model    *model
	failures *failures
	env      atomic.Pointer[node.InstanceEnv] // what an instance is opened with, also again after one was stuck
	idle     chan struct{}                    // closed when it is gone and no run is out; nil: it is not gone; of the holder of the turn
}

// newLane returns the lane of instance i of a graph.
func newLane(e *Engine, g *graph.Graph, i int) *lane {
	in := &g.Instances[i]
	d := &g.Detectors[in.Detector]
	// In lockstep core time stands still, and with it the core's watchdog.
	timed := in.Blocking || d.Isolate == graph.IsolateProcess || g.Lockstep
	l := &lane{
		e: e, detector: d.ID, index: i, emits: d.Emits, timed: timed, took: newHist(e.metrics.latency), failures: &failures{},
	}
	l.env.Store(instanceEnv(g, i))
	return l
}

// name is the lane's as people read it, "hog@front". It is put together when asked for: a thousand cameras have thousands.
func (l *lane) name() string { return l.detector + "@" + string(l.env.Load().Camera) }

// instanceEnv returns what an instance of a graph is opened with.
func instanceEnv(g *graph.Graph, i int) *node.InstanceEnv {
	in := &g.Instances[i]
	cam := &g.Cameras[in.Camera]
	return &node.InstanceEnv{
		Camera: frame.CameraID(cam.ID), Seed: in.Seed, Masks: graph.Polygons(cam.Masks), Zones: graph.ZonesByName(cam.Zones),
	}
}

func (l *lane) open(ctx context.Context) error {
	inst, err := l.model.node.NewInstance(ctx, *l.env.Load())
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.inst = inst
	return nil
}

// close closes the instance and reports whether no run is stuck in one.
func (l *lane) close() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.job == 0 && l.mu.inst != nil {
		if err := l.mu.inst.Close(); err != nil {
			l.e.log.Warn("close a detector", "node", "detector/"+l.name(), "err", err)
		}
		l.mu.inst = nil
	}
	return l.mu.job == 0 && l.mu.stuck == 0
}

// job is one run on its way to a worker and back. Until it is sent, and again after its end was taken, it belongs to the
// holder of the turn, who uses it for a later run, of whichever lane; in between to whoever runs it, but for gone.
type job struct {
	lane  *lane
	id    uint64
	limit time.Duration
	frame *frame.Frame // a reference of its own, or nil
	run   node.Run
	plain bool        // on a goroutine, not on a CPU slot's thread
	timed bool        // ctx is of this run alone, and has its deadline
	gone  atomic.Bool // abandoned: the worker that runs it is no longer counted on
	late  bool        // abandoned before a worker had it: it is not to begin; of lane.mu
	// ctx ends when the run is abandoned. One with a deadline for each run would cost a timer and five allocations, and the core's
	// watchdog keeps the time anyway: it is the job's, as long as nothing has ended it.
	ctx    context.Context
	cancel context.CancelFunc
	next   *job // in results

	// What came of it.
	outcome sched.Outcome
	outputs []node.Output
	took    time.Duration
	err     error
}

// job returns the job of a lane's next run. There are as many as runs were ever out at once: few, where lanes are thousands, so
// that what a run needs is in the processor's cache. The holder of the turn calls it.
func (e *Engine) job(l *lane) *job {
	var j *job
	if last := len(e.spare) - 1; last >= 0 {
		j, e.spare[last] = e.spare[last], nil
		e.spare = e.spare[:last]
	} else {
		j = &job{}
	}
	j.lane = l
	j.run.ResetFor(l.emits)
	return j
}

// recycle keeps a job whose end was taken for a later run. The holder of the turn calls it.
func (e *Engine) recycle(j *job) {
	if j.timed || j.ctx != nil && j.ctx.Err() != nil {
		j.ctx, j.cancel = nil, nil
	}
	j.lane, j.err, j.outputs = nil, nil, nil
	j.plain, j.timed, j.late = false, false, false
	j.gone.Store(false)
	e.spare = append(e.spare, j)
}

// rests reports whether a lane that is gone could be used again: no run is in it, and none was given up. Whoever may swap asks.
func (l *lane) rests() bool {
	select {
	case <-l.idle:
	default:
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.inst != nil && l.mu.job == 0 && l.mu.stuck == 0
}

// context gives a job what its run is to be ended by.
func (j *job) context(ctx context.Context) {
	switch {
	case j.lane.timed:
		j.timed = true
		j.ctx, j.cancel = context.WithTimeout(ctx, j.limit)
	case j.ctx == nil:
		j.ctx, j.cancel = context.WithCancel(ctx)
	}
}

// do runs a job to its end and reports whether it was abandoned meanwhile. It never panics for the detector's sake.
func (j *job) do() (gone bool) {
	l := j.lane
	j.outcome, j.outputs, j.err = sched.OutcomeFailed, nil, nil
	var inst node.Instance
	begin := time.Now()
	defer func() {
		j.took = time.Since(begin)
		if p := recover(); p != nil {
			j.outcome, j.err = sched.OutcomePanic, fmt.Errorf("panic: %v", p)
			l.e.log.Error("a detector panicked", "node", "detector/"+l.name(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		clear(j.run.Frames) // a detector that runs seldom must not keep a picture that long
		gone = l.done(j, inst)
		if j.frame != nil {
			j.frame.Release()
			j.frame = nil
		}
		if j.timed {
			j.cancel()
		}
	}()
	if inst, j.err = l.take(j); j.err != nil {
		return false
	}
	if err := inst.Detect(j.ctx, &j.run); err != nil {
		j.err = err
		return false
	}
	j.outcome, j.outputs = sched.OutcomeOK, j.run.Outputs()
	return false
}

// errLate is the end of a run that was abandoned while it waited for a thread, or while its instance was opened again.
var errLate = errors.New("the run was abandoned before it began")

// take gives the job the instance, opening a new one after a run was abandoned in the last. A job that was abandoned itself gets
// none to use: nobody waits for it any more, and another may have begun.
func (l *lane) take(j *job) (node.Instance, error) {
	l.mu.Lock()
	inst, late := l.mu.inst, j.late
	if !late {
		l.mu.job = j.id
	}
	l.mu.Unlock()
	switch {
	case late:
		return nil, errLate
	case inst != nil:
		return inst, nil
	}
	inst, err := l.model.node.NewInstance(j.ctx, *l.env.Load())
	if err != nil {
		return nil, fmt.Errorf("open again after a stuck run: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.gone.Load() {
		return inst, errLate // done closes it
	}
	l.mu.inst = inst
	return inst, nil
}

// done takes the instance back and reports whether the run was abandoned. An instance that an abandoned run was stuck in is
// closed here, by the thread that left it.
func (l *lane) done(j *job, inst node.Instance) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.err = ""
	if j.err != nil {
		l.mu.err = j.err.Error()
	}
	if l.mu.job == j.id {
		l.mu.job = 0
	}
	if !j.gone.Load() {
		return false
	}
	l.mu.stuck--
	if inst == nil { // it was stuck in opening one
		return true
	}
	if err := inst.Close(); err != nil {
		l.e.log.Warn("close a detector that was stuck", "node", "detector/"+l.name(), "err", err)
	}
	return true
}

// abandon gives the job's instance up together with the thread that is in it.
func (l *lane) abandon(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.job != j.id {
		j.late = true // it has just come back, or has not begun
		return
	}
	j.gone.Store(true)
	l.mu.stuck++
	l.mu.job, l.mu.inst = 0, nil
	l.mu.err = fmt.Sprintf("a run took longer than its timeout of %v and was abandoned", j.limit)
}

// healthChanged logs that the detector broke, and that it works again: not each failure and each probe between them.
func (l *lane) healthChanged(h sched.Health) {
	switch {
	case h == sched.HealthBroken && !l.broken:
		l.broken = true
		l.e.log.Error("a detector is broken: it is probed until it works again", "node", "detector/"+l.name(), "err", redact(l.lastError()))
	case h == sched.HealthOK && l.broken:
		l.broken = false
		l.e.log.Info("a detector works again", "node", "detector/"+l.name())
	}
}

func (l *lane) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.err
}
