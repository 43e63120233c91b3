package engine

import (
	"context"
	"runtime"
	"sync/atomic"
)

// pool is the threads that runs use: one locked thread for each CPU slot, at a lower priority than everything that must
// not wait (nice +5: PERF 2.3), and a goroutine for each blocking run. The core never starts more than fit, so a job
// never waits here.
type pool struct {
	e      *Engine
	slots  int
	jobs   chan *job
	ctx    context.Context
	leaked atomic.Int64 // threads that are stuck in abandoned runs
}

func newPool(e *Engine, slots int) *pool {
	n := len(e.g.Instances)
	return &pool{e: e, slots: slots, jobs: make(chan *job, max(n, 1))}
}

func (p *pool) start(ctx context.Context) {
	p.ctx = ctx
	for range p.slots {
		p.e.spawn(p.worker)
	}
}

// stop lets the workers end once they are idle. No job may be sent any more.
func (p *pool) stop() { close(p.jobs) }

// send starts a job.
func (p *pool) send(j *job, blocking bool) {
	j.ctx, j.cancel = context.WithTimeout(p.ctx, j.limit)
	if blocking {
		p.e.spawn(func() { p.run(j) })
		return
	}
	p.jobs <- j
}

// worker runs jobs until the pool stops or one of them was abandoned under it: then a successor has its place.
func (p *pool) worker() {
	runtime.LockOSThread() // never unlocked: the lowered thread ends with the goroutine
	lowerPriority(p.e.log)
	for j := range p.jobs {
		if p.run(j); j.gone.Load() {
			p.leaked.Add(-1)
			return
		}
	}
}

func (p *pool) run(j *job) { p.e.results <- j.do() }

// abandon gives up the thread that a job is stuck in and puts another one in its place.
func (p *pool) abandon(j *job, blocking bool) {
	j.cancel()
	j.lane.abandon(j)
	if j.gone.Load() && !blocking {
		p.leaked.Add(1)
		p.e.spawn(p.worker)
	}
}
