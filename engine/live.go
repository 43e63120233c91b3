package engine

import (
	"context"
	"slices"
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

// live runs the core on the clock until ctx is done or every camera has ended, and stops it. It is the core goroutine: it
// has the turn whenever nobody else calls the core.
func (e *Engine) live(ctx context.Context) {
	defer e.hangUp()
	e.turn.claim()
	e.alarm = newRuntimeAlarm(e.now, e.ring)
	if e.cfg.Precise {
		e.alarm = newAlarm(e, e.ring)
	}
	defer e.alarm.Stop()
	e.step(sched.Input{Kind: sched.InputStart, Now: e.now(), Run: e.run, Offset: e.offset.Load()})
	for _, c := range e.w.Load().cams {
		c.start(e.watching) //nolint:contextcheck // it comes from ctx, by way of Run
	}
	e.spawn(func() { e.followWall(e.watching) })

	e.complete = e.over()
	stopping := false
	var limit <-chan time.Time // bound of the runs that are still out
	done := ctx.Done()
	for {
		e.round()
		if !stopping && (done == nil || e.complete) {
			stopping, e.stopping = true, time.Now()
			e.state.Store(int32(phaseStopping))
			e.hangUp()
			limit = time.After(e.cfg.Drain / 2)
			e.round() // what has come since then is not looked at
		}
		if stopping && e.core.Idle() {
			e.shut()
			return
		}
		if !e.turn.release() {
			e.turn.give() // to itself: there is more, and others ask too
		}
		select {
		case <-e.turn.given:
		case f := <-e.control:
			e.turn.claim()
			f()
		case <-e.ended:
			e.turn.claim()
			e.complete = e.over()
		case <-done:
			e.turn.claim()
			done = nil
		case <-limit:
			e.turn.claim()
			e.log.Warn("runs that were still out at the end were abandoned", "bound", e.cfg.Drain/2)
			e.abandonAll()
			e.shut()
			return
		}
	}
}

// guestRounds is how often in a row somebody else than the core goroutine calls the core for news that came while he had
// the turn. A camera that went on for longer would be late for its own next picture.
const guestRounds = 4

// news has the core look at what has come: by the caller himself when nobody does so yet. The caller is a goroutine that
// runs at the priority of the core and has a moment (a camera's reader, the alarm, a run that waited), or a lowered thread that
// nothing keeps from its processor.
func (e *Engine) news() {
	if e.still {
		e.lapped(nil)
		return
	}
	if !e.turn.try() {
		return
	}
	for range guestRounds {
		if phase(e.state.Load()) != phaseRunning || e.turn.wanted() {
			break // the end is the core goroutine's
		}
		e.round()
		if e.turn.release() {
			return
		}
	}
	e.turn.give()
}

// tell has the core goroutine look at what has come. It is for threads of a lower priority that share their processor: a core that waits behind other
// programs for its processor would make everything wait.
func (e *Engine) tell() {
	if e.turn.try() {
		e.turn.give()
	}
}

// ring is what the alarm calls.
func (e *Engine) ring() {
	e.rang.Store(true)
	e.news()
}

// round gives the core everything that has come, as one turn, and sets the alarm. The caller holds the turn.
func (e *Engine) round() {
	stopping := phase(e.state.Load()) == phaseStopping
	e.back = e.results.take(e.back[:0])
	for _, j := range e.back {
		e.finished(j)
	}
	w := e.w.Load()
	if e.moved.Load() && e.moved.Swap(false) { // after the ends of runs: a process that died is away before they are taken
		e.tellAway(w)
	}
	w.ready.take(func(camera int) { e.arrived(w, camera, stopping) })
	now := e.now() // after the last picture was stamped
	if len(e.inputs) == 0 && e.wakeAt <= now {
		e.input(sched.InputDeadline)
	}
	if len(e.inputs) > 0 {
		e.turnOver(now)
	}
	for i, j := range e.back {
		e.settled(j)
		e.back[i] = nil
	}
	if e.rang.Load() && e.rang.Swap(false) {
		e.armed = tick.Never
	}
	// A deadline that moved away is not worth a call of the kernel: the alarm finds nothing to do once, at most.
	if e.wakeAt < e.armed {
		e.armed = e.wakeAt
		e.alarm.Set(e.armed)
	}
}

// over reports whether every camera's file has ended.
func (e *Engine) over() bool {
	return !slices.ContainsFunc(e.w.Load().cams, func(c *camera) bool { return !c.over.Load() })
}

// shut tells the core that it is over: confirmed events end, pictures are given back.
func (e *Engine) shut() {
	e.step(sched.Input{Kind: sched.InputStop, Now: e.now()})
	e.recording.stop()
	e.freeze()
}

// freeze keeps the state as it is at the end for those who ask later, and ends the time in which the core can be asked.
func (e *Engine) freeze() {
	snap := e.copyCore()
	st := e.status(&snap)
	e.finalCore.Store(&snap)
	e.final.Store(&st)
	close(e.closed)
}

// arrived takes a camera's newest picture.
func (e *Engine) arrived(w *wiring, camera int, stopping bool) {
	c := w.cams[camera]
	f := c.slot.Swap(nil)
	if f == nil {
		return
	}
	if stopping {
		f.Release()
		return
	}
	c.held = append(c.held, f)
	in := e.input(sched.InputFrame)
	in.Camera, in.Seq, in.Capture = camera, f.Seq, f.Capture
}

// finished takes the end of a run.
func (e *Engine) finished(j *job) {
	l := j.lane
	if l.current == j {
		l.current = nil
		if l.gone {
			e.forget(j)
		}
		if e.trial != nil {
			e.trial.ran(l, j.outcome, j.err)
		}
	}
	l.took.observe(j.took)
	if j.err != nil {
		l.failures.add(j.err)
	}
	if e.cfg.Tracer != nil && j.err != nil {
		e.cfg.Tracer.Failed(j.id, j.err)
	}
	took := tick.Time(j.took)
	if e.still {
		took = 0 // decisions must not depend on the machine's speed
	}
	in := e.input(sched.InputFinished)
	in.Instance, in.Job, in.Outcome, in.Took, in.Outputs = l.index, j.id, j.outcome, took, j.outputs
}

// input adds one to the next turn.
func (e *Engine) input(kind sched.InputKind) *sched.Input {
	var in *sched.Input
	e.inputs, in = sched.NextInput(e.inputs)
	in.Kind = kind
	return in
}

// settled ends a job after the core was told of it.
func (e *Engine) settled(j *job) {
	l := j.lane
	if j.err != nil && (l.gone || e.core.Health(l.index) != sched.HealthOK) {
		e.log.Warn("a detector's run failed", "node", "detector/"+l.name(), "outcome", j.outcome.String(), "err", redact(j.err.Error()))
	}
	e.recycle(j)
}

// step gives the core one input that came alone.
func (e *Engine) step(in sched.Input) {
	e.inputs = append(e.inputs, in)
	e.turnOver(in.Now)
}

// turnOver gives the core the inputs that were gathered, all at one instant, and carries out what it decides.
func (e *Engine) turnOver(now tick.Time) {
	last := len(e.inputs) - 1
	for i := range e.inputs {
		e.inputs[i].Now, e.inputs[i].More = now, i < last
	}
	e.recording.add(e.inputs)
	begin := time.Now()
	e.decisions = e.core.Turn(e.inputs, e.decisions[:0])
	took := time.Since(begin)
	e.metrics.tick.observe(took)
	if e.cfg.Observe != nil {
		e.cfg.Observe(e.inputs, took, e.decisions)
	}
	if e.cfg.Tracer != nil {
		e.traced()
	}
	if k := e.inputs[last].Kind; k == sched.InputWall || k == sched.InputStart {
		e.offset.Store(e.inputs[last].Offset)
	}
	clear(e.inputs)
	e.inputs = e.inputs[:0]
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
		if d.Instance == sched.Gone {
			e.abandonOrphan(d.Job)
			return
		}
		e.abandon(e.w.Load().lanes[d.Instance])
	case sched.DecisionDrop:
		e.w.Load().cams[d.Camera].drop(d.Seq)
	case sched.DecisionEvent:
		e.publish(d)
	case sched.DecisionHealth:
		e.w.Load().lanes[d.Instance].healthChanged(d.Health)
	case sched.DecisionWake:
		e.wakeAt = d.At
	case sched.DecisionSwap:
		e.adopt()
		e.moved.Store(true) // processes of what had no place before
	case sched.DecisionSignal:
		// The cell has the value.
	}
}

// start begins a run.
func (e *Engine) start(d *sched.Decision) {
	w := e.w.Load()
	l := w.lanes[d.Instance]
	in := &w.g.Instances[d.Instance]
	l.runs++
	j := e.job(l)
	j.id, j.limit, j.run.Now, j.run.N = d.Job, in.Timeout, e.core.Now(), l.runs
	if d.Seq > 0 {
		c := w.cams[d.Camera]
		f := c.find(d.Seq)
		j.frame = f.Retain()
		j.run.Frames = append(j.run.Frames, f)
		c.age.observe(e.core.Now().Sub(f.Capture))
	}
	for i, c := range in.Needs {
		cell := e.core.Cell(c)
		j.run.Inputs = append(j.run.Inputs, node.Input{Signal: in.NeedNames[i], Value: cell.Value, Capture: cell.Capture})
	}
	l.current = j
	j.context(e.pool.ctx)
	cost, _ := e.core.Pace(d.Instance)
	j.plain = in.Blocking || cost > 0 && cost <= shortRun && !e.still
	e.pool.send(j)
}

// abandon gives a lane's run up.
func (e *Engine) abandon(l *lane) {
	if j := l.current; j != nil {
		l.current = nil
		if e.trial != nil {
			e.trial.ran(l, sched.OutcomeTimeout, context.DeadlineExceeded)
		}
		l.took.observe(j.limit)
		e.pool.abandon(j)
		if l.gone {
			e.forget(j)
		}
		e.log.Error("a run was abandoned", "node", "detector/"+l.name(), "timeout", j.limit)
	}
}

func (e *Engine) abandonAll() {
	for _, l := range e.w.Load().lanes {
		e.abandon(l)
	}
	for len(e.orphans) > 0 {
		e.abandon(e.orphans[0].lane)
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
