package sched

import (
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// lane is the one-job slot of a detector instance. A thousand cameras have thousands, none of which is in a cache when its
// turn comes: what every run uses is in the middle, the rest before and behind it.
type lane struct {
	settings
	wiring
	life
}

// settings are what the graph says of a lane and what follows from it.
type settings struct {
	fastest  time.Duration // period of its rate cap
	declared time.Duration // cost of a run before one was made
	phase    time.Duration // of the rate's slots, so that not all detectors are due at once
	seed     uint64
	timed    bool // it is due by time alone
	class    graph.CostClass

	slowest  time.Duration // period of its floor; 0: none
	maxAge   time.Duration
	limit    time.Duration // of a run
	camera   int
	weight   int // CPU slots of a run
	load     graph.LoadPolicy
	priority graph.Priority
	blocking bool
	noFrame  bool
	chained  bool // offers come from producers, not from the camera
	newest   bool // takes the newest frame when it becomes ready, instead of the next to arrive
}

// wiring is from the graph's instance, whose other fields would only fill the cache: cells and lanes, and the watch of its gate,
// -1 without one.
type wiring struct {
	needs, outputs, consumers []int
	gate                      int32
}

// claim is what a run holds of the machine, as it was when it began.
type claim struct {
	weight   int
	blocking bool
	critical bool
	long     bool // its slots count as those of a long run
}

// life is what has happened to a lane: a swap hands it on.
type life struct {
	// What it is in.
	busy    bool
	offer   bool  // a picture was offered and neither looked at nor skipped yet
	judged  bool  // the gates were asked at least once about the offer
	news    bool  // to be judged at the end of this turn
	queued  bool  // waits for a slot
	long    bool  // takes longer than critical ones can wait, as of when it began to wait or to run
	inDue   bool  // has an entry in the heap of due times
	inFloor bool  // has one in the heap of floors
	alarmed bool  // has one in the heap of alarms
	away    bool  // what carries out its runs is gone and on its way back
	pressed bool  // others used the slots since the last run
	cause   Cause // what the offer waits for
	health  Health
	fails   int32
	calm    int32 // runs since the load last pressed

	// The schedule.
	period  time.Duration // now: between fastest and slowest when adaptive, else fastest
	due     tick.Time
	backoff tick.Time
	began   tick.Time // start of the last run
	// turn is when the next run should begin to keep the rate, whatever the slots of the rate are: of those that wait for
	// a CPU slot the one with the earliest goes first, so that all that wait are late by the same. By the slots of the
	// rate some would always come before others.
	turn  tick.Time
	ended tick.Time     // of the last run, or the start
	cost  time.Duration // learned, smoothed over about eight runs

	// The picture that was offered.
	offerSeq     uint64
	offerCapture tick.Time
	offerAt      tick.Time

	// The present run.
	job     uint64
	seq     uint64
	capture tick.Time
	timeout tick.Time
	place   int // in Core.running
	claim   claim

	leaked    []abandoned
	awayAt    tick.Time // when it went or came back
	healthAt  tick.Time // when it became so
	probe     tick.Time
	probeWait time.Duration
}

func newLane(g *graph.Graph, i, slots, reserve int) lane {
	in := &g.Instances[i]
	if in.Priority != graph.Critical {
		slots -= reserve // more could never be had
	}
	d := &g.Detectors[in.Detector]
	phase := time.Duration(in.Seed % uint64(in.Period))
	if len(in.Producers) > 0 {
		phase = 0 // the producers' results are its clock
	}
	return lane{settings: settings{
		camera: in.Camera, fastest: in.Period, slowest: in.Slowest, declared: in.Cost, phase: phase,
		weight: min(in.Threads, slots), blocking: in.Blocking, noFrame: in.NoFrame, chained: len(in.Producers) > 0,
		timed:  in.NoFrame && len(in.Producers) == 0 && !in.External,
		newest: d.Frame == graph.FrameNewest, maxAge: in.MaxAge, limit: in.Timeout,
		class: in.Class, load: d.Load, priority: in.Priority, seed: in.Seed,
	}, wiring: wiring{in.Needs, in.Outputs, in.Consumers, -1}, life: life{period: in.Period}}
}

// enter lets a lane begin: its first run is due at its phase.
func (c *Core) enter(li int) {
	l := &c.lanes[li]
	l.due = c.now.Add(l.phase)
	l.turn, l.ended = l.due, c.now
	if l.timed {
		c.alarm(int32(li), l.due)
	}
}

// frame takes a camera's newest picture and offers it to the detectors that look at that camera.
func (c *Core) frame(in *Input, out []Decision) []Decision {
	cam := &c.cams[in.Camera]
	c.Stats.Frames[in.Camera]++
	if cam.seen {
		if d := in.Capture.Sub(cam.capture); d > 0 {
			cam.smooth(d)
		}
	}
	old, had := cam.newest, cam.seen
	cam.newest, cam.capture, cam.seen = in.Seq, in.Capture, true
	cam.held = append(cam.held, held{in.Seq, in.Capture, 1})
	for _, li := range c.g.Cameras[in.Camera].Instances {
		if l := &c.lanes[li]; !l.chained && !l.noFrame {
			out = c.propose(l, li, in.Seq, in.Capture, out)
		}
	}
	if had {
		out = c.unhold(in.Camera, old, out)
	}
	return out
}

// propose offers a picture to a lane. What was offered before and still waits is skipped for what it waited for; one that
// came in this very turn has its chance first.
func (c *Core) propose(l *lane, li int, seq uint64, capture tick.Time, out []Decision) []Decision {
	if l.offer {
		if l.offerSeq == seq && seq != 0 {
			c.review(l, li) // another result on the picture that it waits for
			return out
		}
		if !l.judged {
			out = c.settle(c.now, out)
			out = c.dispatch(out)
		}
		if l.offer {
			out = c.skip(li, l.cause, out)
		}
	}
	c.Stats.Lanes[li].Offers++
	l.offer, l.offerSeq, l.offerCapture, l.offerAt, l.cause, l.judged = true, seq, capture, c.now, SkipSlots, false
	c.hold(l.camera, seq)
	c.review(l, li)
	return out
}

// skip ends a lane's offer without a run.
func (c *Core) skip(li int, why Cause, out []Decision) []Decision {
	l := &c.lanes[li]
	c.Stats.Lanes[li].Skips[why]++
	l.offer = false
	c.unqueue(l)
	l.pressed = l.pressed || why == SkipSlots
	return c.unhold(l.camera, l.offerSeq, out)
}

// verdict is what the gates say of an offer now.
type verdict uint8

const (
	start verdict = iota
	wait
	refuse
)

// try asks every gate but the CPU slots, in the order of the causes.
func (c *Core) try(l *lane) (verdict, Cause) {
	cause, _, hindered := c.hindered(l)
	if (!hindered || cause > SkipBusy) && (l.cause == SkipBusy || l.cause == SkipAway && !l.timed) && !l.newest && c.old(l) {
		return refuse, l.cause
	}
	switch {
	case !hindered && l.maxAge > 0 && c.now.Sub(l.offerCapture) > l.maxAge:
		return refuse, SkipAge
	case !hindered:
		return start, SkipSlots
	case (cause == SkipBusy || cause == SkipAway) && !l.chained:
		return wait, cause
	case cause == SkipRate:
		return l.later(), cause
	case cause == SkipGate:
		return wait, cause // a result on this very picture may open it
	}
	return refuse, cause
}

// old reports whether a picture that came while the lane was busy or away has waited too long for a detector that wants the next
// to arrive: a quarter of the camera's period (PERF 5). A younger one is as good as new, and letting it go would cost a
// whole period for a run that ended a moment too late.
func (c *Core) old(l *lane) bool {
	return c.now.Sub(l.offerCapture) > c.cams[l.camera].period/4
}

// later is what a lane does with a picture that came too soon: one that wants the next to arrive lets it go.
func (l *lane) later() verdict {
	if l.newest && !l.chained {
		return wait
	}
	return refuse
}

// tolerance is how much before its slot a run may start: pictures do not arrive on the slots of the rate, and waiting
// for the next one would halve the rate of a detector that wants every picture. The slots stay where they are, so the
// rate over time is kept.
func (c *Core) tolerance(l *lane) time.Duration {
	t := l.period
	if p := c.cams[l.camera].period; p > 0 {
		t = min(t, p)
	}
	return t / 2
}

// review has a lane's offer judged in this step.
func (c *Core) review(l *lane, li int) {
	if l.offer && !l.news {
		l.news = true
		c.retry = append(c.retry, int32(li))
	}
}

// judge asks the gates about a lane's offer: it is willing to start, waits for something else, or is over.
func (c *Core) judge(l *lane, li int32, out []Decision) []Decision {
	l.judged = true
	switch v, why := c.try(l); v {
	case start:
		l.cause = SkipSlots
		c.willing = append(c.willing, li)
	case wait:
		l.cause = why
		if why == SkipRate {
			c.alarm(li, l.due.Add(-c.tolerance(l)))
		}
	case refuse:
		out = c.skip(int(li), why, out)
	}
	return out
}
