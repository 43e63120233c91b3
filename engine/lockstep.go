package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// track is one file in lockstep: its stream and the next picture.
type track struct {
	c      *camera
	stream node.Stream
	next   *frame.Frame // nil: over
}

// lockstep runs the core on media time: the next picture comes when all that was due has finished, so that every due
// picture is seen and results do not depend on the machine's speed. Several files are merged by media time.
func (e *Engine) lockstep(ctx context.Context) error {
	var tracks []*track
	defer func() {
		for _, t := range tracks {
			if t.next != nil {
				t.next.Release()
			}
			if err := t.stream.Close(); err != nil {
				e.log.Warn("close a camera", "node", "camera/"+t.c.id, "err", err)
			}
		}
		e.shut()
	}()
	e.turn.claim()
	e.step(sched.Input{Kind: sched.InputStart, Now: 0, Run: e.run, Offset: e.offset.Load()})
	for _, c := range e.w.Load().cams {
		s, err := c.src.Open(ctx)
		if err != nil {
			return fmt.Errorf("camera %q: %w", c.id, err)
		}
		c.opened(s.Info())
		c.tellNow()
		t := &track{c: c, stream: s}
		tracks = append(tracks, t)
		if err := t.read(ctx); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		e.requests()
		t := earliest(tracks)
		if t == nil {
			return nil
		}
		// A deadline before the next picture may start a detector that looks at none.
		if at := tick.Time(t.next.PTS); e.wakeAt < at {
			e.media.Store(int64(e.wakeAt))
			e.step(sched.Input{Kind: sched.InputDeadline, Now: e.wakeAt})
			e.settle()
			continue
		}
		e.present(t)
		e.settle()
		e.evidence.step(e.now())
		if err := t.read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// requests answers what others ask of the core goroutine.
func (e *Engine) requests() {
	for {
		select {
		case f := <-e.control:
			f()
		default:
			return
		}
	}
}

// read gets a track's next picture, or finds that there is none.
func (t *track) read(ctx context.Context) error {
	t.next = nil
	for {
		f, err := t.stream.Next(ctx, t.c.pool)
		switch {
		case err == nil:
			if f.PTS == frame.NoPTS {
				f.Release()
				return fmt.Errorf("camera %q: the source tells no media time, so it cannot run in lockstep", t.c.id)
			}
			f.Seq = t.c.counts.seq.Add(1)
			t.next = f
			return nil
		case errors.Is(err, io.EOF):
			t.c.set(cameraEnded, nil)
			return nil
		case ctx.Err() != nil:
			return nil //nolint:nilerr // being stopped is no failure of the camera
		case errors.Is(err, node.ErrCorrupt):
			t.c.counts.seq.Add(1)
			if t.c.counts.corrupt.Add(1) == 1 {
				t.c.e.log.Warn("a picture could not be decoded; the camera goes on", "node", "camera/"+t.c.id, "err", err)
			}
		default:
			return fmt.Errorf("camera %q: %w", t.c.id, err)
		}
	}
}

func earliest(tracks []*track) *track {
	var first *track
	for _, t := range tracks {
		if t.next != nil && (first == nil || t.next.PTS < first.next.PTS) {
			first = t
		}
	}
	return first
}

// present gives the core a track's picture at its media time.
func (e *Engine) present(t *track) {
	f := t.next
	t.next = nil
	at := max(tick.Time(f.PTS), e.now())
	e.media.Store(int64(at))
	f.Capture = at
	if t.c.watchFreeze(f) {
		t.c.tellNow()
	}
	t.c.last.Store(int64(at))
	if t.c.counts.frames.Add(1) == 1 {
		t.c.size(f.Width, f.Height)
	}
	seat := t.c.seat.Load()
	seat.enc.offer(f)
	if t.c.tap.Load() != nil {
		t.c.hand(f)
	}
	t.c.held = append(t.c.held, f)
	e.step(sched.Input{Kind: sched.InputFrame, Now: at, Camera: seat.index, Seq: f.Seq, Capture: at})
}

// lap is what lockstep waits for before it goes on: the ends of all runs that are out. It belongs to the holder of the turn.
type lap struct {
	out  int    // runs whose ends have not come
	ends []*job // that have
	over time.Time
}

// begin has the lap wait for the runs that are out now, each for its timeout on the real clock.
func (p *lap) begin(lanes []*lane) {
	clear(p.ends)
	p.out, p.ends = 0, p.ends[:0]
	longest := time.Duration(0)
	for _, l := range lanes {
		if l.current != nil {
			p.out++
			longest = max(longest, l.current.limit)
		}
	}
	p.over = time.Now().Add(longest + hangLimit)
}

// settle waits until no run is out. The last end of a lap is seen to by whoever brings it, so that the core goroutine is woken
// when there is nothing else to do: what a detector adds that needs another's boxes.
func (e *Engine) settle() {
	if e.core.Idle() {
		return
	}
	e.lap.begin(e.w.Load().lanes)
	limit := time.NewTimer(time.Until(e.lap.over))
	defer limit.Stop()
	for {
		e.advance()
		if e.core.Idle() {
			return
		}
		if time.Until(e.lap.over) <= 0 {
			e.overdue()
			continue
		}
		if !e.turn.release() {
			continue
		}
		select {
		case <-e.turn.given:
		case <-limit.C:
			e.turn.claim()
			limit.Reset(time.Until(e.lap.over)) // of a later lap than it was set for
		}
	}
}

// advance takes the ends that have come. When they are all, the core is told of them in the order of the starts, each in a turn of
// its own, so that decisions are the same however the machine ordered them; and the next lap begins.
func (e *Engine) advance() {
	for !e.core.Idle() {
		from := len(e.lap.ends)
		e.lap.ends = e.results.take(e.lap.ends)
		for _, j := range e.lap.ends[from:] {
			if j.lane.current == j { // else an abandoned one that came back
				e.lap.out--
			}
		}
		if e.lap.out > 0 {
			return
		}
		slices.SortFunc(e.lap.ends, func(a, b *job) int { return cmp.Compare(a.id, b.id) })
		for _, j := range e.lap.ends {
			e.finished(j)
			e.turnOver(e.now())
			if j.outcome != sched.OutcomeTimeout {
				e.settled(j)
			}
		}
		e.lap.begin(e.w.Load().lanes)
	}
}

// overdue gives up the runs that are still out.
func (e *Engine) overdue() {
	for _, l := range e.w.Load().lanes {
		j := l.current
		if j == nil || slices.Contains(e.lap.ends, j) {
			continue
		}
		e.abandon(l)
		e.lap.out--
		e.lap.ends = append(e.lap.ends, &job{lane: l, id: j.id, limit: j.limit, outcome: sched.OutcomeTimeout, took: j.limit, err: context.DeadlineExceeded})
	}
}

// lapped is news in lockstep, of a run's end: called by whoever brings it, of any priority, for nothing else waits for the core. A
// thread of a CPU slot gives a place for the first run that is started then, and is to do it: on a processor that is awake and has
// the picture.
func (e *Engine) lapped(mine **job) {
	if !e.turn.try() {
		return
	}
	for {
		e.pool.mine = mine
		e.advance()
		e.pool.mine = nil
		if e.core.Idle() || e.turn.wanted() {
			e.turn.give()
			return
		}
		if e.turn.release() {
			return
		}
	}
}
