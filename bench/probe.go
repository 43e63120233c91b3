package bench

import (
	"strings"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// probe watches the core's ticks and fills a result. Calls of its methods never overlap.
type probe struct {
	g *graph.Graph
	t *tally
	r *Result

	starts  []*start    // by instance
	ended   []tick.Time // by instance: of the last run, tick.Never before one
	began   []began     // by instance in a process of its own: what it would else have noted itself
	cams    []seen      // by camera
	newest  tick.Time   // capture of the newest picture of any camera
	pending []uint64    // by camera: offers that one picture makes
}

// seen is what the core last took of a camera: its newest picture and the one before.
type seen struct {
	seq, before          uint64
	capture, captureThen tick.Time
}

// began is the start of a run and the capture of its picture.
type began struct{ at, capture tick.Time }

func newProbe(g *graph.Graph, t *tally, r *Result) *probe {
	p := &probe{g: g, t: t, r: r, cams: make([]seen, len(g.Cameras)), newest: tick.Never, pending: make([]uint64, len(g.Cameras))}
	for i := range g.Instances {
		p.starts = append(p.starts, t.start(g.InstanceName(i)))
		p.ended = append(p.ended, tick.Never)
		p.began = append(p.began, began{})
		p.pending[g.Instances[i].Camera]++
	}
	return p
}

// point returns the interval that a moment of the window lies in.
func (p *probe) point(now tick.Time) *point {
	return p.r.point(now.Sub(p.t.from))
}

// observe is the engine's Observe.
func (p *probe) observe(ins []sched.Input, took time.Duration, decided []sched.Decision) {
	now := ins[0].Now // of all of them
	counts := p.t.in(now)
	var pt *point
	if counts {
		pt = p.point(now)
	}
	for i := range ins {
		switch in := &ins[i]; in.Kind {
		case sched.InputFrame:
			p.frame(in, pt)
		case sched.InputFinished:
			p.finished(in, took, pt)
		case sched.InputStart, sched.InputDeadline, sched.InputCamera, sched.InputWall, sched.InputStop, sched.InputExternal, sched.InputMute, sched.InputSwap,
			sched.InputAway:
		}
	}
	if counts {
		p.r.Ticks++
		p.r.tick.add(took)
		pt.ticks++
		pt.tick.add(took)
		if p.newest != tick.Never {
			p.r.stale.add(now.Sub(p.newest))
			pt.stale.add(now.Sub(p.newest))
		}
	}
	for i := range decided {
		p.decision(&decided[i], now, took, counts, pt)
	}
}

func (p *probe) frame(in *sched.Input, pt *point) {
	cam := &p.cams[in.Camera]
	gap := in.Seq - cam.seq
	*cam = seen{in.Seq, cam.seq, in.Capture, cam.capture}
	p.newest = in.Capture
	// Pictures are counted by when they were due, so that each is counted once and on one side of the window's ends.
	if p.t.in(in.Capture) {
		p.r.Taken++
		p.r.arrive.add(in.Now.Sub(in.Capture))
	}
	if pt != nil {
		pt.depth = gap
		pt.drops += gap - 1
		pt.unseen += gap - 1
		pt.skips += p.pending[in.Camera]
	}
}

func (p *probe) finished(in *sched.Input, took time.Duration, pt *point) {
	p.ended[in.Instance] = in.Now
	if pt == nil {
		return
	}
	s, l := p.starts[in.Instance], &p.r.loads[p.g.Instances[in.Instance].Detector]
	at, capture, spent := tick.Time(s.at.Load()), tick.Time(s.capture.Load()), time.Duration(s.spent.Load())
	if b := p.began[in.Instance]; l.Isolate { // what it noted is in another process
		at, capture, spent = b.at, b.capture, time.Duration(in.Took)
	}
	p.r.Execs++
	p.r.exec.add(time.Duration(in.Took))
	pt.execs++
	pt.exec.add(time.Duration(in.Took))
	pt.loads[p.g.Instances[in.Instance].Detector]++
	l.runs++
	p.r.begin.add(at.Sub(capture))
	whole := in.Now.Add(took).Sub(capture)
	p.r.over.add(whole - spent)
	p.r.stretch.add(spent - l.Cost)
	l.over.add(whole - l.Cost)
}

func (p *probe) decision(d *sched.Decision, now tick.Time, took time.Duration, counts bool, pt *point) {
	switch d.Kind {
	case sched.DecisionRun:
		cam := &p.cams[d.Camera]
		b := began{now, cam.capture}
		if d.Seq == cam.before {
			b.capture = cam.captureThen
		}
		p.began[d.Instance] = b
		if end := p.ended[d.Instance]; end != tick.Never && counts {
			l := &p.r.loads[p.g.Instances[d.Instance].Detector]
			if gap := now.Sub(end); l.pause == 0 || gap < l.pause {
				l.pause = max(gap, 1)
			}
		}
		if pt != nil && pt.skips > 0 {
			pt.skips-- // this offer became a run
		}
	case sched.DecisionAbandon:
		if counts {
			p.r.Abandoned++
		}
	case sched.DecisionEvent:
		p.event(d, now, took, counts, pt)
	case sched.DecisionDrop, sched.DecisionSignal, sched.DecisionHealth, sched.DecisionWake, sched.DecisionSwap:
	}
}

func (p *probe) event(d *sched.Decision, now tick.Time, took time.Duration, counts bool, pt *point) {
	if !counts {
		return
	}
	t := &d.Transition
	if strings.HasPrefix(p.g.Events[p.g.Machines[d.Machine].Event].ID, edgeEvent) {
		if t.Kind == event.KindConfirmed {
			p.r.event.add(now.Add(took).Sub(d.Capture))
		}
		return
	}
	if t.Kind == event.KindConfirmed {
		p.r.Events++
		pt.events++
	}
	// Each of these came by a timer, at its instant d.At; what passed since then is how late it was dealt with.
	timed := t.Kind == event.KindConfirmed || t.Kind == event.KindEnded && t.Reason == event.ReasonMax ||
		t.Kind == event.KindIdle && t.From == event.Cooldown
	if timed {
		p.r.late.add(now.Sub(d.At))
	}
}
