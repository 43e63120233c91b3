package engine

import (
	"context"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// wallEvery and wallJump say how the wall clock is followed: looked at each second, taken over when it is off by more
// than the jitter of two clock readings on a busy machine.
const (
	wallEvery = time.Second
	wallJump  = 10 * time.Millisecond
)

// live runs the core on the clock until ctx is done or every camera has ended, and stops it.
func (e *Engine) live(ctx context.Context) {
	cams, hangUp := context.WithCancel(ctx)
	defer hangUp()
	timer := newRuntimeAlarm()
	if e.cfg.Precise {
		timer = newAlarm(e)
	}
	defer timer.Stop()
	armed := tick.Never

	e.step(sched.Input{Kind: sched.InputStart, Now: e.now(), Run: e.run, Offset: e.offset.Load()})
	for _, c := range e.cams {
		e.spawn(func() { c.watch(cams) })
	}
	e.spawn(func() { e.followWall(cams) })

	running, stopping := len(e.cams), false
	var limit <-chan time.Time // bound of the runs that are still out
	done := ctx.Done()
	for {
		if e.wakeAt != armed {
			armed = e.wakeAt
			timer.Set(max(armed.Sub(e.now()), 0))
		}
		select {
		case i := <-e.frames:
			e.arrived(i, stopping)
		case r := <-e.results:
			e.finished(r)
		case <-timer.Wake():
			armed = tick.Never // fired: to be set again, also where the deadline has not moved
			e.step(sched.Input{Kind: sched.InputDeadline, Now: e.now()})
		case f := <-e.control:
			f()
		case <-e.ended:
			running--
		case <-done:
			done = nil
		case <-limit:
			e.log.Warn("runs that were still out at the end were abandoned", "bound", e.cfg.Drain/2)
			e.abandonAll()
			e.shut()
			return
		}
		if !stopping && (done == nil || running == 0) {
			stopping, e.stopping = true, time.Now()
			e.state.Store(int32(phaseStopping))
			hangUp()
			limit = time.After(e.cfg.Drain / 2)
		}
		if stopping && e.core.Idle() && len(e.frames) == 0 {
			e.shut()
			return
		}
	}
}

// shut tells the core that it is over: confirmed events end, pictures are given back.
func (e *Engine) shut() {
	e.step(sched.Input{Kind: sched.InputStop, Now: e.now()})
	e.inputs.stop()
	e.freeze()
}

// freeze keeps the state as it is at the end for those who ask later, and ends the time in which the core can be asked.
func (e *Engine) freeze() {
	st := e.status()
	snap := e.copyCore()
	e.finalCore.Store(&snap)
	e.final.Store(&st)
	close(e.closed)
}

// arrived takes a camera's newest picture.
func (e *Engine) arrived(camera int, stopping bool) {
	c := e.cams[camera]
	f := c.take()
	if f == nil {
		return
	}
	if stopping {
		f.Release()
		return
	}
	c.held = append(c.held, f)
	e.step(sched.Input{Kind: sched.InputFrame, Now: e.now(), Camera: camera, Seq: f.Seq, Capture: f.Capture})
}

// finished takes the end of a run.
func (e *Engine) finished(r result) {
	l := r.job.lane
	if l.current == r.job {
		l.current = nil
	}
	e.metrics.ran(l, &r)
	took := tick.Time(r.took)
	if e.g.Lockstep {
		took = 0 // decisions must not depend on the machine's speed
	}
	e.step(sched.Input{
		Kind: sched.InputFinished, Now: e.now(), Instance: l.index, Job: r.job.id, Outcome: r.outcome, Took: took, Outputs: r.outputs,
	})
	if r.err != nil && e.core.Health(l.index) != sched.HealthOK {
		e.log.Warn("a detector's run failed", "node", "detector/"+l.name, "outcome", r.outcome.String(), "err", redact(r.err.Error()))
	}
}

// step gives the core one input and carries out what it decides.
func (e *Engine) step(in sched.Input) {
	e.inputs.add(in)
	begin := time.Now()
	e.decisions = e.core.Step(in, e.decisions[:0])
	took := time.Since(begin)
	e.metrics.ticked(took)
	if e.cfg.Observe != nil {
		e.cfg.Observe(in, took, e.decisions)
	}
	if in.Kind == sched.InputWall || in.Kind == sched.InputStart {
		e.offset.Store(in.Offset)
	}
	for i := range e.decisions {
		e.carry(&e.decisions[i])
	}
}

// carry carries one decision out. Nothing here waits.
func (e *Engine) carry(d *sched.Decision) {
	switch d.Kind {
	case sched.DecisionRun:
		e.start(d)
	case sched.DecisionAbandon:
		e.abandon(e.lanes[d.Instance])
	case sched.DecisionDrop:
		e.cams[d.Camera].drop(d.Seq)
	case sched.DecisionEvent:
		e.publish(d)
	case sched.DecisionHealth:
		e.lanes[d.Instance].healthChanged(d.Health)
	case sched.DecisionWake:
		e.wakeAt = d.At
	case sched.DecisionSignal:
	}
}

// start begins a run.
func (e *Engine) start(d *sched.Decision) {
	l := e.lanes[d.Instance]
	in := &e.g.Instances[d.Instance]
	l.runs++
	j := &job{lane: l, id: d.Job, limit: in.Timeout, now: e.core.Now(), n: l.runs}
	if d.Seq > 0 {
		f := e.cams[d.Camera].find(d.Seq)
		j.frame = f.Retain()
		e.metrics.picked(l, e.core.Now().Sub(f.Capture))
	}
	for i, c := range in.Needs {
		cell := e.core.Cell(c)
		j.inputs = append(j.inputs, node.Input{Signal: in.NeedNames[i], Value: cell.Value, Capture: cell.Capture})
	}
	l.current = j
	e.pool.send(j, in.Blocking)
}

// abandon gives a lane's run up.
func (e *Engine) abandon(l *lane) {
	if j := l.current; j != nil {
		l.current = nil
		e.metrics.abandoned(l)
		e.pool.abandon(j, e.g.Instances[l.index].Blocking)
		e.log.Error("a run was abandoned", "node", "detector/"+l.name, "timeout", j.limit)
	}
}

func (e *Engine) abandonAll() {
	for _, l := range e.lanes {
		e.abandon(l)
	}
}

// followWall tells the core when the wall clock jumped or drifted.
func (e *Engine) followWall(ctx context.Context) {
	t := time.NewTicker(wallEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := e.now()
		offset := e.cfg.Wall().UnixNano() - int64(now)
		off := time.Duration(offset - e.offset.Load())
		if off.Abs() < wallJump {
			continue
		}
		e.log.Info("the wall clock moved against the monotonic one", "by", off)
		e.do(func() { e.step(sched.Input{Kind: sched.InputWall, Now: e.now(), Offset: offset}) })
	}
}

// do has the core goroutine call f and reports whether it did: not after the core has stopped.
func (e *Engine) do(f func()) bool {
	done := make(chan struct{})
	select {
	case e.control <- func() { f(); close(done) }:
		<-done
		return true
	case <-e.closed:
		return false
	}
}
