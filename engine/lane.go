package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// lane carries out the runs of one detector instance. The core sees to it that there is one at a time.
type lane struct {
	e        *Engine
	name     string // "hog@front", as people read it
	model    *model
	emits    []node.Emit
	timed    bool // its runs wait for something that may want to know for how long: they get a context with a deadline
	took     *hist
	failures *failures

	// env is what an instance is opened with, also again after one was stuck.
	env atomic.Pointer[node.InstanceEnv]

	// Owned by the holder of the turn.
	index   int           // in the wiring that runs
	idle    chan struct{} // closed when it is gone and no run is out; nil: it is not gone
	gone    bool          // not in it: nothing is started any more, and the end of the run that is out is the core's by its job alone
	runs    uint64
	current *job // the run that is out, nil: none
	spare   *job // for the next run, nil: a new one is made
	broken  bool // and logged as such
	// ctx is what runs are given that do not wait for anything; it ends when one of them is abandoned. One with a deadline for
	// each run would cost a timer and five allocations, and the core's watchdog keeps the time anyway.
	ctx    context.Context
	cancel context.CancelFunc

	mu struct {
		sync.Mutex
		inst  node.Instance
		job   uint64 // the run that uses inst, 0: none
		run   *node.Run
		stuck int // runs that were abandoned and have not come back
		err   string
	}
}

// newLane returns the lane of instance i of a graph.
func newLane(e *Engine, g *graph.Graph, i int) *lane {
	in := &g.Instances[i]
	d := &g.Detectors[in.Detector]
	// In lockstep core time stands still, and with it the core's watchdog.
	timed := in.Blocking || d.Isolate == graph.IsolateProcess || g.Lockstep
	l := &lane{
		e: e, name: g.InstanceName(i), index: i, emits: d.Emits, timed: timed, took: newHist(e.metrics.latency), failures: &failures{},
	}
	l.env.Store(instanceEnv(g, i))
	return l
}

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
	l.mu.inst, l.mu.run = inst, node.NewRun(l.emits)
	return nil
}

// close closes the instance and reports whether no run is stuck in one.
func (l *lane) close() bool {
	if l.cancel != nil {
		l.cancel()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.job == 0 && l.mu.inst != nil {
		if err := l.mu.inst.Close(); err != nil {
			l.e.log.Warn("close a detector", "node", "detector/"+l.name, "err", err)
		}
		l.mu.inst = nil
	}
	return l.mu.job == 0 && l.mu.stuck == 0
}

// job is one run on its way to a worker and back. Until it is sent, and again after its end was taken, it belongs to the
// holder of the turn, who uses it for the lane's next run; in between to whoever runs it, but for gone.
type job struct {
	lane   *lane
	id     uint64
	limit  time.Duration
	frame  *frame.Frame // a reference of its own, or nil
	now    tick.Time
	inputs []node.Input
	n      uint64
	plain  bool        // on a goroutine, not on a CPU slot's thread
	gone   atomic.Bool // abandoned: the worker that runs it is no longer counted on
	ctx    context.Context
	cancel context.CancelFunc // of this run alone; nil: the lane's
	next   *job               // in results

	// What came of it.
	outcome sched.Outcome
	outputs []node.Output
	took    time.Duration
	err     error
}

// job returns the job of the lane's next run, empty but for its lane.
func (l *lane) job() *job {
	if j := l.spare; j != nil {
		l.spare = nil
		return j
	}
	return &job{lane: l}
}

// recycle keeps a job whose end was taken for a later run.
func (l *lane) recycle(j *job) {
	clear(j.inputs)
	*j = job{lane: l, inputs: j.inputs[:0]}
	l.spare = j
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
func (l *lane) context(ctx context.Context, j *job) {
	switch {
	case l.timed:
		j.ctx, j.cancel = context.WithTimeout(ctx, j.limit)
	case l.ctx == nil:
		l.ctx, l.cancel = context.WithCancel(ctx)
		fallthrough
	default:
		j.ctx = l.ctx
	}
}

// do runs a job to its end and reports whether it was abandoned meanwhile. It never panics for the detector's sake.
func (j *job) do() (gone bool) {
	l := j.lane
	j.outcome, j.outputs, j.err = sched.OutcomeFailed, nil, nil
	var inst node.Instance
	var run *node.Run
	begin := time.Now()
	defer func() {
		j.took = time.Since(begin)
		if p := recover(); p != nil {
			j.outcome, j.err = sched.OutcomePanic, fmt.Errorf("panic: %v", p)
			l.e.log.Error("a detector panicked", "node", "detector/"+l.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		if run != nil {
			clear(run.Frames) // a detector that runs seldom must not keep a picture that long
		}
		gone = l.done(j, inst)
		if j.frame != nil {
			j.frame.Release()
			j.frame = nil
		}
		if j.cancel != nil {
			j.cancel()
		}
	}()
	if inst, run, j.err = l.take(j); j.err != nil {
		return false
	}
	run.Reset()
	if j.frame != nil {
		run.Frames = append(run.Frames, j.frame)
	}
	run.Now, run.N, run.Inputs = j.now, j.n, append(run.Inputs, j.inputs...)
	if err := inst.Detect(j.ctx, run); err != nil {
		j.err = err
		return false
	}
	j.outcome, j.outputs = sched.OutcomeOK, run.Outputs()
	return false
}

// take gives the job the instance, opening a new one after a run was abandoned in the last.
func (l *lane) take(j *job) (node.Instance, *node.Run, error) {
	l.mu.Lock()
	missing := l.mu.inst == nil
	l.mu.Unlock()
	if missing {
		if err := l.open(j.ctx); err != nil {
			return nil, nil, fmt.Errorf("open again after a stuck run: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.job = j.id
	return l.mu.inst, l.mu.run, nil
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
	if err := inst.Close(); err != nil {
		l.e.log.Warn("close a detector that was stuck", "node", "detector/"+l.name, "err", err)
	}
	return true
}

// abandon gives the job's instance up together with the thread that is in it.
func (l *lane) abandon(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.job != j.id {
		return // it has just come back, or never began
	}
	j.gone.Store(true)
	l.mu.stuck++
	l.mu.job, l.mu.inst, l.mu.run = 0, nil, nil
	l.mu.err = fmt.Sprintf("a run took longer than its timeout of %v and was abandoned", j.limit)
}

// healthChanged logs that the detector broke, and that it works again: not each failure and each probe between them.
func (l *lane) healthChanged(h sched.Health) {
	switch {
	case h == sched.HealthBroken && !l.broken:
		l.broken = true
		l.e.log.Error("a detector is broken: it is probed until it works again", "node", "detector/"+l.name, "err", redact(l.lastError()))
	case h == sched.HealthOK && l.broken:
		l.broken = false
		l.e.log.Info("a detector works again", "node", "detector/"+l.name)
	}
}

func (l *lane) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.err
}
