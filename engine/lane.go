package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// lane carries out the runs of one detector instance. The core sees to it that there is one at a time.
type lane struct {
	e     *Engine
	index int
	name  string // "hog@front"
	model node.Model
	emits []node.Emit

	// Owned by the core goroutine.
	runs    uint64
	current *job // the run that is out, nil: none
	broken  bool // and logged as such

	mu struct {
		sync.Mutex
		inst  node.Instance
		job   uint64 // the run that uses inst, 0: none
		run   *node.Run
		stuck int // runs that were abandoned and have not come back
		err   string
	}
}

func newLane(e *Engine, i int) *lane {
	d := &e.g.Detectors[e.g.Instances[i].Detector]
	return &lane{e: e, index: i, name: e.g.InstanceName(i), emits: d.Emits}
}

func (l *lane) open(ctx context.Context) error {
	g := &l.e.g.Instances[l.index]
	inst, err := l.model.NewInstance(ctx, node.InstanceEnv{Camera: frame.CameraID(l.e.g.Cameras[g.Camera].ID), Seed: g.Seed})
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.job == 0 && l.mu.inst != nil {
		if err := l.mu.inst.Close(); err != nil {
			l.e.log.Warn("close a detector", "node", l.name, "err", err)
		}
		l.mu.inst = nil
	}
	return l.mu.job == 0 && l.mu.stuck == 0
}

// job is one run on its way to a worker.
type job struct {
	lane   *lane
	id     uint64
	limit  time.Duration
	frame  *frame.Frame // a reference of its own, or nil
	now    tick.Time
	inputs []node.Input
	n      uint64
	gone   atomic.Bool // abandoned: the worker that runs it is no longer counted on
	ctx    context.Context
	cancel context.CancelFunc
}

// result is the end of a run.
type result struct {
	job     *job
	outcome sched.Outcome
	outputs []node.Output
	took    time.Duration
	err     error
}

// do runs a job to its end. It never panics for the detector's sake.
func (j *job) do() (r result) {
	l := j.lane
	r = result{job: j, outcome: sched.OutcomeFailed}
	var inst node.Instance
	begin := time.Now()
	defer func() {
		r.took = time.Since(begin)
		if p := recover(); p != nil {
			r.outcome, r.err = sched.OutcomePanic, fmt.Errorf("panic: %v", p)
			l.e.log.Error("a detector panicked", "node", "detector/"+l.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		l.done(j, inst, r.err)
		if j.frame != nil {
			j.frame.Release()
		}
		j.cancel()
	}()
	var run *node.Run
	if inst, run, r.err = l.take(j); r.err != nil {
		return r
	}
	run.Reset()
	if j.frame != nil {
		run.Frames = append(run.Frames, j.frame)
	}
	run.Now, run.N, run.Inputs = j.now, j.n, append(run.Inputs, j.inputs...)
	if err := inst.Detect(j.ctx, run); err != nil {
		r.err = err
		return r
	}
	r.outcome, r.outputs = sched.OutcomeOK, run.Outputs()
	return r
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

// done takes the instance back. One that an abandoned run was stuck in is closed here, by the thread that left it.
func (l *lane) done(j *job, inst node.Instance, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.err = ""
	if err != nil {
		l.mu.err = err.Error()
	}
	if l.mu.job == j.id {
		l.mu.job = 0
	}
	if j.gone.Load() {
		l.mu.stuck--
		if err := inst.Close(); err != nil {
			l.e.log.Warn("close a detector that was stuck", "node", "detector/"+l.name, "err", err)
		}
	}
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

func (l *lane) limit() time.Duration {
	return l.e.g.Instances[l.index].Timeout
}
