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

// abandoned is a run that was given up and has not come back.
type abandoned struct {
	job, seq uint64
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

// smooth follows the camera's real rate: an eighth of the difference each picture, so that one late picture does not
// change the schedule and a new rate is known within a dozen. A gap of ten periods is an outage, and a burst after
// connecting no rate.
func (cam *camera) smooth(d time.Duration) {
	switch {
	case cam.period == 0:
		cam.period = d
	case d < 10*cam.period:
		cam.period += (max(d, cam.period/2) - cam.period) / 8
	}
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

// begin turns a lane's offer into a run. The offer's hold on the picture becomes the run's.
func (c *Core) begin(li int, out []Decision) []Decision {
	l := &c.lanes[li]
	c.job++
	c.Stats.Lanes[li].Runs++
	l.busy, l.job, l.seq, l.capture = true, c.job, l.offerSeq, l.offerCapture
	if l.noFrame {
		l.capture = c.now
	}
	l.offer = false
	l.began = c.now
	l.timeout = c.now.Add(l.limit)
	c.nextLane = min(c.nextLane, l.timeout)
	if !l.noFrame || l.chained {
		c.advanceDue(li, c.tolerance(l))
	}
	if l.health == HealthBroken {
		out = c.setHealth(li, HealthProbing, out)
	}
	out = append(out, Decision{Kind: DecisionRun, Camera: l.camera, Seq: l.seq, Instance: li, Job: l.job})
	return out
}

// advanceDue moves a lane to the first slot of its rate that this run does not serve. Slots that passed are counted,
// not caught up.
func (c *Core) advanceDue(li int, tolerance time.Duration) {
	l := &c.lanes[li]
	passed := max(c.now.Add(tolerance).Sub(l.due)/l.period, 0)
	c.Stats.Lanes[li].Missed += uint64(passed)
	l.due = l.due.Add((passed + 1) * l.period)
}

// finished takes a run's end.
func (c *Core) finished(in Input, out []Decision) []Decision {
	l := &c.lanes[in.Instance]
	if !l.busy || l.job != in.Job {
		return c.late(in, out)
	}
	c.free(l)
	st := &c.Stats.Lanes[in.Instance]
	st.Took += time.Duration(in.Took)
	if c.stopped {
		return c.unhold(l.camera, l.seq, out)
	}
	switch in.Outcome {
	case OutcomeOK:
		st.OK++
		l.fails = 0
		if l.health != HealthOK {
			out = c.setHealth(in.Instance, HealthOK, out)
		}
		out = c.publish(in, l, out)
	case OutcomeFailed:
		st.Failed++
		out = c.failed(in.Instance, out)
	case OutcomePanic:
		st.Panics++
		out = c.failed(in.Instance, out)
	case OutcomeTimeout:
		st.Timeouts++
		l.leaked = append(l.leaked, abandoned{l.job, 0})
		out = c.failed(in.Instance, out)
	}
	l.adjust(time.Duration(in.Took), c.now)
	return c.unhold(l.camera, l.seq, out)
}

const (
	// headroom is the share of its time that an adaptive detector may be busy: 4 in 5. At 1 a single late run is an overrun.
	headroomNum, headroomDen = 5, 4
	// calmRuns is how many runs without pressure it takes for an adaptive rate to rise by an eighth. Falling is immediate:
	// late results hurt at once, a low rate does not, and equal steps both ways would swing.
	calmRuns = 8
)

// adjust is the load policy: what a run of this length means for the next ones.
func (l *lane) adjust(took time.Duration, now tick.Time) {
	if l.cost == 0 {
		l.cost = took
	}
	l.cost += (took - l.cost) / 8
	switch l.load {
	case graph.LoadNone:
	case graph.LoadBackoff:
		if took <= overrun*l.period {
			return
		}
		l.backoff = now.Add(backoff(l.class)) // from the end of the run: from its start it would be over already
		if l.slowest > 0 {
			l.backoff = max(min(l.backoff, l.began.Add(l.slowest)), now)
		}
	case graph.LoadAdaptive:
		need := max(l.fastest, l.cost*headroomNum/headroomDen)
		switch {
		case need > l.period:
			l.period, l.calm = need, 0
		case l.pressed:
			l.period, l.calm = l.period*headroomNum/headroomDen, 0
		default:
			if l.calm++; l.calm >= calmRuns && l.period > need {
				l.period, l.calm = max(l.period*7/8, need), 0
			}
		}
		l.period, l.pressed = min(l.period, l.slowest), false
	}
}

func (c *Core) free(l *lane) {
	l.busy = false
	if l.blocking {
		c.blocking++
	} else {
		c.slotsFree += l.weight
	}
}

// publish stores a run's values and offers its picture to the detectors that wait for them.
func (c *Core) publish(in Input, l *lane, out []Decision) []Decision {
	inst := &c.g.Instances[in.Instance]
	for _, o := range in.Outputs {
		i := inst.Outputs[o.Index]
		if c.cams[l.camera].frozen && !l.noFrame || !c.cells[i].Set(o.Value, l.capture, c.now, l.seq) {
			c.Stats.Stale++
			continue
		}
		out = append(out, Decision{Kind: DecisionSignal, Cell: i})
		c.markReaders(i)
	}
	for _, li := range inst.Consumers {
		out = c.propose(li, l.seq, l.capture, out)
	}
	return out
}

// late takes the end of a run that was abandoned: its result is stale by definition, only what it held comes back.
func (c *Core) late(in Input, out []Decision) []Decision {
	l := &c.lanes[in.Instance]
	for i, a := range l.leaked {
		if a.job == in.Job {
			c.Stats.Late++
			l.leaked = slices.Delete(l.leaked, i, i+1)
			return c.unhold(l.camera, a.seq, out)
		}
	}
	return out
}

// failed counts a failure and breaks the lane after too many in a row.
func (c *Core) failed(li int, out []Decision) []Decision {
	l := &c.lanes[li]
	l.fails++
	if l.health != HealthProbing && l.fails < BrokenAfter {
		if l.health != HealthDegraded {
			out = c.setHealth(li, HealthDegraded, out)
		}
		return out
	}
	l.probeWait = min(max(2*l.probeWait, ProbeFirst), ProbeMost)
	if l.health != HealthProbing {
		l.probeWait = ProbeFirst
	}
	// Up to a quarter of jitter from the lane's own seed, so that detectors which broke together do not probe together.
	jitter := time.Duration(mix(l.seed+uint64(l.fails)) % uint64(l.probeWait/4))
	l.probe = c.now.Add(l.probeWait + jitter)
	return c.setHealth(li, HealthBroken, out)
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): it spreads a counter over all bits.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (c *Core) setHealth(li int, h Health, out []Decision) []Decision {
	c.lanes[li].health = h
	return append(out, Decision{Kind: DecisionHealth, Instance: li, Health: h})
}

// timers deals with what lanes wait for by time: runs that take too long, and detectors that are due without a picture.
func (c *Core) timers(out []Decision) []Decision {
	if c.now < c.nextLane || c.stopped {
		return out
	}
	c.nextLane = tick.Never
	for i := range c.lanes {
		l := &c.lanes[i]
		if l.busy && l.timeout <= c.now {
			out = c.abandon(i, out)
		}
		if l.noFrame && !l.chained && l.due <= c.now {
			out = c.propose(i, 0, c.now, out)
			c.advanceDue(i, 0)
		}
		if l.busy {
			c.nextLane = min(c.nextLane, l.timeout)
		}
		if l.noFrame && !l.chained {
			c.nextLane = min(c.nextLane, l.due)
		}
	}
	return out
}

// abandon gives a run up. Its slot is free again because the shell replaces the thread; its picture stays held.
func (c *Core) abandon(li int, out []Decision) []Decision {
	l := &c.lanes[li]
	c.free(l)
	c.Stats.Lanes[li].Timeouts++
	l.leaked = append(l.leaked, abandoned{l.job, l.seq})
	out = append(out, Decision{Kind: DecisionAbandon, Instance: li, Job: l.job})
	return c.failed(li, out)
}

// hold adds a reference to a picture that the shell keeps.
func (c *Core) hold(camera int, seq uint64) {
	if seq == 0 {
		return
	}
	for i := range c.cams[camera].held {
		if h := &c.cams[camera].held[i]; h.seq == seq {
			h.refs++
			return
		}
	}
	panic("sched: hold of a picture that was dropped")
}

// unhold gives a reference back and lets the shell drop the picture after the last.
func (c *Core) unhold(camera int, seq uint64, out []Decision) []Decision {
	if seq == 0 {
		return out
	}
	cam := &c.cams[camera]
	for i := range cam.held {
		if cam.held[i].seq != seq {
			continue
		}
		if cam.held[i].refs--; cam.held[i].refs == 0 {
			cam.held = slices.Delete(cam.held, i, i+1)
			out = append(out, Decision{Kind: DecisionDrop, Camera: camera, Seq: seq})
		}
		return out
	}
	panic("sched: unhold of a picture that was dropped")
}
