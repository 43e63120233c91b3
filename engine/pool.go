package engine

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// pool is what carries runs out: one locked thread for each CPU slot, at a lower priority than everything that must
// not wait (DefaultNice), and goroutines for runs that wait for something else or are over at once. The core never
// starts more than fit, so a job never waits here.
type pool struct {
	e      *Engine
	slots  int
	nice   int          // that the threads are to have
	niced  atomic.Int64 // that they have
	jobs   chan *job    // for the locked threads
	plain  chan *job    // for goroutines that are idle after a run
	idle   atomic.Int64
	ctx    context.Context
	leaked atomic.Int64 // threads that are stuck in abandoned runs

	// bell says that jobs has one; nil: the threads wait for the channel. It is closed by the last of users: the threads, and
	// the pool until it stops.
	bell  *bell
	users atomic.Int64

	linger linger // for threads that need not be rung for

	// mine is where the next run for a locked thread goes, because one calls the core and is to carry it out; nil: into jobs. It
	// belongs to the holder of the turn.
	mine **job
}

// shortRun is up to what learned cost a run takes no lowered thread. The way to a locked thread and back takes 18 us and as
// much processor time, to a goroutine half a microsecond; what is over so soon delays nobody by a scheduler's slice, which is
// what the threads are lowered for. A run that is suddenly longer does, once: its cost is learned.
const shortRun = 50 * time.Microsecond

// maxSlots is how many CPU slots a pipeline can ask for, as its schema says: so many jobs always have a place.
const maxSlots = 1024

func newPool(e *Engine, instances, slots, blocking, nice int) *pool {
	return &pool{e: e, slots: slots, nice: nice, jobs: make(chan *job, max(instances, maxSlots)), plain: make(chan *job, blocking+slots)}
}

func (p *pool) start(ctx context.Context) {
	p.ctx = ctx
	if p.e.cfg.Precise {
		var err error
		if p.bell, err = newBell(); err != nil {
			p.e.log.Warn("runs may begin 20 us late", "err", err)
		}
	}
	p.users.Add(1)
	for range p.slots {
		p.spawn()
	}
}

// spawn starts a locked thread.
func (p *pool) spawn() {
	p.users.Add(1)
	p.e.spawn(p.worker)
}

// leave ends one's use of the bell.
func (p *pool) leave() {
	if p.users.Add(-1) == 0 && p.bell != nil {
		p.bell.close()
	}
}

// stop lets the workers end once they are idle. No job may be sent any more.
func (p *pool) stop() {
	close(p.jobs)
	close(p.plain)
	if p.bell != nil {
		p.bell.all()
	}
	p.leave()
}

// resize changes how many slots there are: a thread too many ends when it is idle. Whoever holds the turn calls it.
func (p *pool) resize(slots int) {
	for ; p.slots < slots; p.slots++ {
		p.spawn()
	}
	for ; p.slots > slots; p.slots-- {
		p.jobs <- nil
		if p.bell != nil {
			p.bell.ring()
		}
	}
}

// send starts a job. Whoever holds the turn calls it.
func (p *pool) send(j *job) {
	switch {
	case !j.plain && p.mine != nil && *p.mine == nil:
		*p.mine = j
	case !j.plain:
		if p.linger.offer(j) {
			return
		}
		p.jobs <- j
		if p.bell != nil {
			p.bell.ring()
		}
	case p.idle.Load() > 0: // nobody else lowers it
		p.idle.Add(-1)
		p.plain <- j
	default:
		p.e.spawn(func() { p.goroutine(j) })
	}
}

// worker runs jobs until the pool stops or one of them was abandoned under it: then a successor has its place.
func (p *pool) worker() {
	defer p.leave()
	runtime.LockOSThread() // never unlocked: the lowered thread ends with the goroutine
	n, err := lowerPriority(p.nice)
	if err != nil {
		p.e.log.Warn("detector threads run at normal priority", "err", err)
	}
	p.niced.Store(int64(n))
	buf := make([]byte, 8) // of the bell
	var h habit
	var mine *job
	for {
		j := mine
		if mine = nil; j == nil {
			j = p.next(buf, &h)
		}
		if j == nil {
			return
		}
		began, ok := threadTime()
		gone := j.do()
		ended, _ := threadTime()
		quiet := n == 0 || ok && hadItsCore(j.took, ended-began)
		p.e.results.add(j)
		switch {
		case p.e.still && !gone:
			p.e.lapped(&mine)
		case quiet:
			h.rest(p.e.now(), ended-began)
			p.e.news()
		default:
			h.share()
			p.e.tell()
		}
		if gone {
			p.leaked.Add(-1)
			return
		}
	}
}

// next waits for a job and returns it, nil when the pool stops or has fewer slots from now on.
func (p *pool) next(buf []byte, h *habit) *job {
	if p.bell == nil {
		return <-p.jobs
	}
	var j *job
	if h.pays() && runtime.GOMAXPROCS(0) > 1 { // with one, nobody could bring a run meanwhile
		j = p.linger.stay(p.e.now, h.until, p.queued)
	}
	if j == nil {
		p.bell.wait(buf)
		j = <-p.jobs
	}
	h.next(p.e.now())
	return j
}

// queued reports whether a thread is being rung for.
func (p *pool) queued() bool { return len(p.jobs) > 0 }

// hadItsCore reports whether a run computed nearly all the time that it took. Then nothing else wants its thread's processor,
// and the thread may call the core itself: beside two busy slots the core then hears of a run's end 16 to 29 us after it, by
// way of the core goroutine 51 to 97 us (medians of three windows each). A lowered thread that had to share might be put
// aside in the middle of that for several of the scheduler's slices, and everybody would wait for it.
func hadItsCore(took, computed time.Duration) bool { return took-computed <= took/8 }

// goroutine runs a job, and further ones that come when it is idle. It has the core's priority, so it tells the core itself.
func (p *pool) goroutine(j *job) {
	for ok := true; ok; j, ok = <-p.plain {
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
func (p *pool) abandon(j *job) {
	l := j.lane
	j.cancel()
	l.abandon(j)
	if j.gone.Load() && !j.plain {
		p.leaked.Add(1)
		p.spawn()
	}
}
