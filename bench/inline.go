package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// The first RVO's harness: a channel of 64 pictures from the camera, a ring of 300 of them, 500 us of sleep between two
// turns.
const (
	inlineChannel = 64
	inlineRing    = 300
	inlineSleep   = 500 * time.Microsecond
)

// shot is a picture on its way through the inline design.
type shot struct {
	id      uint64 // from 1
	capture tick.Time
	pix     []byte
}

// inline is the first RVO's loop as its documents and sources describe it, with one thing measured that it did not: each
// picture carries the moment it was due, so that a camera that waits for the loop is seen.
type inline struct {
	s    *Scenario
	t    *tally
	r    *Result
	now  func() tick.Time
	in   chan shot
	free chan []byte

	ring  []shot // of the newest pictures, overwritten in turn
	put   int
	taken uint64 // id of the newest picture that a tick saw
	full  atomic.Uint64
	told  uint64 // of full, as the last tick saw it
	clone []byte
	nodes []inlineNode
	hold  inlineEvent
	edge  inlineEvent
}

// inlineNode is a detector of the inline design.
type inlineNode struct {
	Load
	index   int
	alarm   *alarm
	lastRun tick.Time
	backoff tick.Time
	ended   tick.Time
	seen    uint64 // the last picture it ran on
	value   bool   // what it last said of edge
	said    bool
	capture tick.Time
}

// inlineEvent is an event of the inline design: idle, potential, cooldown.
type inlineEvent struct {
	hold, cooldown   time.Duration
	potential, pause bool
	since, until     tick.Time
	on               bool // confirmed at the present rise
}

// measureInline runs the scenario on the first RVO's loop.
func measureInline(ctx context.Context, s *Scenario, o *Options, run int) (*Result, error) {
	t := o.tally(s)
	t.art = picture(s)
	r := newResult(s, Inline, run, o)
	before := footprint()
	began := time.Now()
	l := &inline{
		s: s, t: t, r: r, now: func() tick.Time { return tick.Time(time.Since(began)) }, in: make(chan shot, inlineChannel),
		free: make(chan []byte, inlineRing+inlineChannel+2), ring: make([]shot, inlineRing), clone: make([]byte, len(t.art)),
		hold: inlineEvent{hold: holdFor, cooldown: holdPause},
	}
	defer func() {
		for i := range l.nodes {
			_ = l.nodes[i].alarm.close()
		}
	}()
	for i, load := range sortLoads(s.Loads) {
		a, err := newAlarm()
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		l.nodes = append(l.nodes, inlineNode{Load: load, index: i, alarm: a, ended: tick.Never})
	}
	camera, err := newAlarm()
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	stopGarbage := litter(s.Garbage)
	defer stopGarbage()
	quit, stop := context.WithCancel(ctx)
	defer stop()
	fed, looped := make(chan struct{}), make(chan error, 1)
	go func() { defer close(fed); l.feed(quit, camera) }()
	go func() { looped <- l.loop(quit) }()
	w := watch{at: began, ctx: quit}
	if err = w.until(o.Warmup, looped); err == nil {
		use := measure()
		if err = w.until(o.Warmup+o.Duration, looped); err == nil {
			r.Usage = use.since()
			r.Usage.Goroutines, r.Usage.Heap = grown(before, 1)
			err = w.until(o.Warmup+o.Duration+settle, looped)
		}
	}
	stop()
	_ = camera.close() // ends the feed's wait
	<-fed
	if !w.ended {
		if e := <-looped; err == nil {
			err = e
		}
	}
	if err != nil {
		return nil, fmt.Errorf("scenario %s, inline: %w", s.Name, err)
	}
	r.Offered, r.NotIngested = t.offered.Load(), t.noBuffer.Load()
	r.Superseded = r.Offered - min(r.Offered, r.Taken+r.NotIngested)
	return r, nil
}

// feed is the camera: exact in time, and it drops a picture when the channel is full.
func (l *inline) feed(ctx context.Context, a *alarm) {
	period := tick.Time(float64(time.Second) / l.s.FPS)
	next, id := period, uint64(0)
	for ctx.Err() == nil {
		if a.wait(next.Sub(l.now())) != nil {
			return
		}
		due := next
		next += period
		id++
		if l.t.in(due) {
			l.t.offered.Add(1)
		}
		sh := shot{id: id, capture: due}
		if len(l.t.art) > 0 {
			sh.pix = l.buffer()
			copy(sh.pix, l.t.art)
		}
		select {
		case l.in <- sh:
		default:
			l.release(sh.pix)
			l.full.Add(1)
			if l.t.in(due) {
				l.t.noBuffer.Add(1)
			}
		}
	}
}

func (l *inline) buffer() []byte {
	select {
	case b := <-l.free:
		return b
	default:
		return make([]byte, len(l.t.art))
	}
}

func (l *inline) release(b []byte) {
	if b != nil {
		l.free <- b // has room for every buffer that there can be
	}
}

// loop ticks and sleeps.
func (l *inline) loop(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for ctx.Err() == nil {
		if err := l.tick(); err != nil {
			return err
		}
		nap(inlineSleep)
	}
	return nil
}

// tick is one turn of the loop, in the order of the first RVO's.
func (l *inline) tick() error {
	began := l.now()
	counts := l.t.in(began)
	var pt *point
	if counts {
		pt = l.r.point(began.Sub(l.t.from))
		pt.depth = uint64(len(l.in))
	}
	l.drain()
	now := l.now()
	f := l.newest()
	if f != nil && f.id != l.taken {
		// The pictures between the last tick's and this one's were overwritten before anything saw them.
		if l.t.in(f.capture) {
			l.r.Taken++
			l.r.arrive.add(now.Sub(f.capture))
		}
		if pt != nil {
			pt.unseen += f.id - l.taken - 1
		}
		l.taken = f.id
	}
	if full := l.full.Load(); full != l.told {
		if pt != nil {
			pt.drops += full - l.told
		}
		l.told = full
	}
	if f != nil && counts {
		l.r.stale.add(now.Sub(f.capture))
		pt.stale.add(now.Sub(f.capture))
	}
	for i := range l.nodes {
		if err := l.node(&l.nodes[i], f, now, pt); err != nil {
			return err
		}
	}
	l.events(pt)
	if counts {
		took := l.now().Sub(began)
		l.r.Ticks++
		l.r.tick.add(took)
		pt.ticks++
		pt.tick.add(took)
	}
	return nil
}

// drain moves what waits in the channel to the ring.
func (l *inline) drain() {
	for {
		select {
		case sh := <-l.in:
			l.release(l.ring[l.put].pix)
			l.ring[l.put] = sh
			l.put = (l.put + 1) % len(l.ring)
		default:
			return
		}
	}
}

// newest searches the ring and copies what it finds, as the first RVO does at each tick.
func (l *inline) newest() *shot {
	best := -1
	for i := range l.ring {
		if l.ring[i].id != 0 && (best < 0 || l.ring[i].capture > l.ring[best].capture) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	f := l.ring[best]
	f.pix = l.clone[:copy(l.clone, f.pix)]
	return &f
}

// node runs a detector when its gates are open.
func (l *inline) node(n *inlineNode, f *shot, now tick.Time, pt *point) error {
	period := time.Duration(float64(time.Second) / n.FPS)
	var cause string
	switch {
	case now.Sub(n.lastRun) < period:
		cause = "rate"
	case now < n.backoff:
		cause = "backoff"
	case f == nil:
		cause = "no_frame"
	}
	if cause != "" {
		if pt != nil {
			l.r.Skips[cause]++
			pt.skips++
		}
		return nil
	}
	begin := l.now()
	if err := spend(n.Work, n.Cost, n.alarm); err != nil {
		return err
	}
	end := l.now()
	if pt != nil {
		res := &l.r.loads[n.index]
		l.r.Execs++
		l.r.exec.add(end.Sub(begin))
		pt.execs++
		pt.exec.add(end.Sub(begin))
		pt.loads[n.index]++
		res.runs++
		if n.ended != tick.Never && (res.pause == 0 || begin.Sub(n.ended) < res.pause) {
			res.pause = max(begin.Sub(n.ended), 1)
		}
		if f.id == n.seen {
			l.r.Repeats++
		} else {
			l.r.begin.add(begin.Sub(f.capture))
			l.r.over.add(begin.Sub(f.capture))
			l.r.stretch.add(end.Sub(begin) - n.Cost)
			res.over.add(end.Sub(f.capture) - n.Cost)
		}
	}
	n.seen, n.ended, n.lastRun = f.id, end, now
	n.said, n.value, n.capture = true, l.t.edge(f.capture) == 1, f.capture
	if end.Sub(begin) > 2*period { // from the tick's start: a run longer than the pause makes none
		switch n.Class {
		case graph.CostLow:
		case graph.CostMedium:
			n.backoff = now.Add(100 * time.Millisecond)
		case graph.CostHigh:
			n.backoff = now.Add(500 * time.Millisecond)
		}
	}
	return nil
}

// events updates the two events on the first detector's signals.
func (l *inline) events(pt *point) {
	if len(l.nodes) == 0 {
		return
	}
	n, now := &l.nodes[0], l.now()
	if due, ok := l.hold.step(n.said && l.s.Edges == 0, now); ok && pt != nil {
		l.r.Events++
		pt.events++
		l.r.late.add(now.Sub(due))
	}
	if rise := n.value && !l.edge.on; rise && pt != nil {
		l.r.event.add(now.Sub(n.capture))
	}
	l.edge.on = n.value
}

// step is the first RVO's event machine: it tells whether the event is emitted now, and when it was due.
func (e *inlineEvent) step(yes bool, now tick.Time) (due tick.Time, emitted bool) {
	if e.pause {
		if now < e.until {
			return 0, false
		}
		e.pause, e.potential, e.since = false, yes, now
		return 0, false
	}
	switch {
	case !yes:
		e.potential = false
	case !e.potential:
		e.potential, e.since = true, now
	case now.Sub(e.since) >= e.hold:
		e.potential, e.pause, e.until = false, true, now.Add(e.cooldown)
		return e.since.Add(e.hold), true
	}
	return 0, false
}
