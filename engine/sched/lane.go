package sched

import (
	"cmp"
	"slices"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// lane is the one-job slot of a detector instance.
type lane struct {
	// Set at construction.
	camera   int
	fastest  time.Duration // period of its rate cap
	slowest  time.Duration // period of its floor; 0: none
	phase    time.Duration // of the rate's slots, so that not all detectors are due at once
	weight   int           // CPU slots of a run
	blocking bool
	noFrame  bool
	chained  bool // offers come from producers, not from the camera
	newest   bool // takes the newest frame when it becomes ready, instead of the next to arrive
	maxAge   time.Duration
	limit    time.Duration // of a run
	class    graph.CostClass
	load     graph.LoadPolicy
	priority graph.Priority
	seed     uint64

	// The present run.
	busy    bool
	job     uint64
	seq     uint64
	capture tick.Time
	timeout tick.Time

	// The schedule.
	period  time.Duration // now: between fastest and slowest when adaptive, else fastest
	cost    time.Duration // learned, smoothed over about eight runs
	calm    int           // runs since the load last pressed
	pressed bool          // others used the slots since the last run
	began   tick.Time     // start of the last run
	due     tick.Time
	backoff tick.Time

	health    Health
	fails     int
	probe     tick.Time
	probeWait time.Duration
	leaked    []abandoned

	// The picture that was offered and neither looked at nor skipped yet.
	offer        bool
	offerSeq     uint64
	offerCapture tick.Time
	cause        Cause // what it waits for
}

func newLane(g *graph.Graph, i, slots, reserve int) lane {
	in := &g.Instances[i]
	if in.Priority != graph.Critical {
		slots -= reserve // more could never be had
	}
	d := &g.Detectors[in.Detector]
	phase := time.Duration(in.Seed % uint64(d.Period))
	if len(in.Producers) > 0 {
		phase = 0 // the producers' results are its clock
	}
	return lane{
		camera: in.Camera, fastest: d.Period, slowest: d.Slowest, period: d.Period, phase: phase,
		weight: min(d.Threads, slots), blocking: in.Blocking, noFrame: in.NoFrame, chained: len(in.Producers) > 0,
		newest: d.Frame == graph.FrameNewest, maxAge: d.MaxAge, limit: d.Timeout,
		class: d.Class, load: d.Load, priority: in.Priority, seed: in.Seed,
	}
}

// frame takes a camera's newest picture and offers it to the detectors that look at that camera.
func (c *Core) frame(in Input, out []Decision) []Decision {
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
			out = c.propose(li, in.Seq, in.Capture, out)
		}
	}
	if had {
		out = c.unhold(in.Camera, old, out)
	}
	return out
}

// propose offers a picture to a lane. What was offered before and still waits is skipped for what it waited for.
func (c *Core) propose(li int, seq uint64, capture tick.Time, out []Decision) []Decision {
	l := &c.lanes[li]
	if l.offer {
		out = c.skip(li, l.cause, out)
	} else {
		c.waiting = append(c.waiting, int32(li))
	}
	c.Stats.Lanes[li].Offers++
	l.offer, l.offerSeq, l.offerCapture, l.cause = true, seq, capture, SkipSlots
	c.hold(l.camera, seq)
	return out
}

// skip ends a lane's offer without a run.
func (c *Core) skip(li int, why Cause, out []Decision) []Decision {
	l := &c.lanes[li]
	c.Stats.Lanes[li].Skips[why]++
	l.offer = false
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
func (c *Core) try(li int) (verdict, Cause) {
	l := &c.lanes[li]
	switch {
	case c.cams[l.camera].frozen && !l.noFrame:
		return refuse, SkipFrozen
	case l.health == HealthBroken && c.now < l.probe:
		return refuse, SkipBroken
	case c.now < l.backoff:
		return refuse, SkipBackoff
	case len(l.leaked) >= MaxLeaked:
		return refuse, SkipLeaked
	case l.busy && l.chained:
		return refuse, SkipBusy
	case l.busy:
		return wait, SkipBusy
	case l.cause == SkipBusy && !l.newest && c.old(l):
		return refuse, SkipBusy
	case !l.noFrame && c.now < l.due.Add(-c.tolerance(l)):
		return l.later(), SkipRate
	}
	for _, cell := range c.g.Instances[li].Needs {
		if !c.cells[cell].Fresh(c.now) {
			return refuse, SkipNeeds
		}
	}
	if w := c.gates[li]; w >= 0 && c.watches[w].answer != yes {
		return wait, SkipGate // a result on this very picture may open it
	}
	if l.maxAge > 0 && c.now.Sub(l.offerCapture) > l.maxAge {
		return refuse, SkipAge
	}
	return start, SkipSlots
}

// old reports whether a picture that came while the lane was busy has waited too long for a detector that wants the next
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

// dispatch starts what may start: by priority, then by due time.
func (c *Core) dispatch(out []Decision) []Decision {
	if c.stopped || len(c.waiting) == 0 {
		return out
	}
	c.ready = c.ready[:0]
	for _, li := range c.waiting {
		l := &c.lanes[li]
		if !l.offer {
			continue
		}
		switch v, why := c.try(int(li)); v {
		case start:
			c.ready = append(c.ready, li)
			l.cause = SkipSlots
		case wait:
			l.cause = why
			if why == SkipRate {
				c.nextLane = min(c.nextLane, l.due.Add(-c.tolerance(l)))
			}
		case refuse:
			out = c.skip(int(li), why, out)
		}
	}
	slices.SortStableFunc(c.ready, func(a, b int32) int {
		la, lb := &c.lanes[a], &c.lanes[b]
		return cmp.Or(cmp.Compare(c.rank(lb), c.rank(la)), cmp.Compare(la.due, lb.due), cmp.Compare(a, b))
	})
	for _, li := range c.ready {
		l := &c.lanes[li]
		switch {
		case l.blocking && c.blocking > 0:
			c.blocking--
		case !l.blocking && c.slotsFree-c.kept(l) >= l.weight:
			c.slotsFree -= l.weight
		default:
			continue
		}
		out = c.begin(int(li), out)
	}
	c.waiting = slices.DeleteFunc(c.waiting, func(li int32) bool { return !c.lanes[li].offer })
	return out
}

// rank orders what is ready: critical first, then what has fallen to its floor, by priority, then the rest by priority.
func (c *Core) rank(l *lane) int {
	switch {
	case l.priority == graph.Critical:
		return 2*int(graph.Critical) + 1
	case l.slowest > 0 && l.began.Add(l.slowest) <= c.now:
		return int(graph.Critical) + int(l.priority)
	}
	return int(l.priority)
}

// kept is how many free slots are not for this lane.
func (c *Core) kept(l *lane) int {
	if l.priority == graph.Critical {
		return 0
	}
	return c.reserve
}
