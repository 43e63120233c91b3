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
	jobs   chan *job // for CPU slots
	remote chan *job // for goroutines that are done with a blocking run and idle
	idle   atomic.Int64
	ctx    context.Context
	leaked atomic.Int64 // threads that are stuck in abandoned runs
}

func newPool(e *Engine, slots, blocking int) *pool {
	n := len(e.g.Instances)
	return &pool{e: e, slots: slots, jobs: make(chan *job, max(n, 1)), remote: make(chan *job, blocking)}
}

func (p *pool) start(ctx context.Context) {
	p.ctx = ctx
	for range p.slots {
		p.e.spawn(p.worker)
	}
}

// stop lets the workers end once they are idle. No job may be sent any more.
func (p *pool) stop() {
	close(p.jobs)
	close(p.remote)
}

// send starts a job.
func (p *pool) send(j *job, blocking bool) {
	if !blocking {
		p.jobs <- j
		return
	}
	if p.idle.Load() > 0 { // only the holder of the turn lowers it
		p.idle.Add(-1)
		p.remote <- j
		return
	}
	p.e.spawn(func() { p.wait(j) })
}

// worker runs jobs until the pool stops or one of them was abandoned under it: then a successor has its place.
func (p *pool) worker() {
	runtime.LockOSThread() // never unlocked: the lowered thread ends with the goroutine
	lowerPriority(p.e.log)
	for j := range p.jobs {
		gone := j.do()
		p.e.results.add(j)
		p.e.tell()
		if gone {
			p.leaked.Add(-1)
			return
		}
	}
}

// wait runs a blocking job, and further ones that come when it is idle.
func (p *pool) wait(j *job) {
	for ok := true; ok; j, ok = <-p.remote {
		gone := j.do()
		p.e.results.add(j)
		if !gone {
			p.idle.Add(1) // before the news: the job that they bring may be for this goroutine
		}
		p.e.news()
		if gone {
			return
		}
	}
}

// abandon gives up the thread that a job is stuck in and puts another one in its place.
func (p *pool) abandon(j *job, blocking bool) {
	l := j.lane
	if j.cancel != nil {
		j.cancel()
	} else {
		l.cancel()
		l.ctx, l.cancel = nil, nil
	}
	l.abandon(j)
	if j.gone.Load() && !blocking {
		p.leaked.Add(1)
		p.e.spawn(p.worker)
	}
}
