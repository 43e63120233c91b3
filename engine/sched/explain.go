package sched

import (
	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// Explanation is why a detector instance begins no run now, or what it does instead.
type Explanation struct {
	// Running says that a run is out, which answers it: since it began, and until it is given up at the latest.
	Running bool
	// Hindered says that Cause stands in its way, so that a picture which came now would not be looked at now. Neither
	// Running nor Hindered is a detector that waits for its next picture, or for its producer's next result.
	Hindered bool
	Cause    Cause
	// Since is from when on, Until when it ends if nothing else happens: tick.Never where only an input can end it.
	Since, Until tick.Time
	// Signal is the one that is not fresh (SkipNeeds).
	Signal string
	// Leaves are what the parts of its when say now (SkipGate).
	Leaves []event.Leaf
}

// Explain returns why an instance begins no run now. It changes nothing; it allocates for SkipGate, and is for people.
func (c *Core) Explain(instance int) Explanation {
	x := c.Doing(instance)
	if x.Hindered && x.Cause == SkipGate {
		w := &c.watches[c.lanes[instance].gate]
		x.Leaves = w.prog.Explain(c.cells, w.state, c.now)
	}
	return x
}

// Doing is Explain without leaves. It allocates nothing.
func (c *Core) Doing(instance int) Explanation {
	l := &c.lanes[instance]
	if l.busy {
		return Explanation{Running: true, Cause: SkipBusy, Since: l.began, Until: l.timeout}
	}
	if c.stopped || !c.started {
		return Explanation{Hindered: true, Cause: SkipStopping, Since: c.now, Until: tick.Never}
	}
	cause, cell, hindered := c.hindered(l)
	if !hindered {
		if !l.queued {
			return Explanation{Since: l.ended, Until: tick.Never}
		}
		cause = SkipSlots
	}
	x := Explanation{Hindered: true, Cause: cause, Since: l.ended, Until: tick.Never}
	switch cause {
	case SkipFrozen:
		x.Since = c.cams[l.camera].frozenAt
	case SkipAway:
		x.Since = l.awayAt
	case SkipBroken:
		x.Since, x.Until = l.healthAt, l.probe
	case SkipBackoff:
		x.Until = l.backoff
	case SkipRate:
		x.Until = l.due.Add(-c.tolerance(l))
	case SkipNeeds:
		x.Signal = c.g.Cells[cell].Signal
		if s := &c.cells[cell]; s.Seen() && !s.Void() {
			x.Since = s.Stale()
		} else if s.Void() {
			x.Since = c.cams[c.g.Cells[cell].Camera].stillAt
		} else {
			x.Since = max(s.Since, 0)
		}
	case SkipGate:
		x.Since = c.watches[l.gate].since
	case SkipSlots:
		x.Since = min(l.turn, l.offerAt)
	case SkipStopping, SkipLeaked, SkipBusy, SkipAge:
	}
	return x
}

// hindered asks every gate that does not depend on the picture offered, in the order of the causes, and returns the first
// that says no; of needs also which cell is not fresh.
func (c *Core) hindered(l *lane) (cause Cause, cell int, hindered bool) {
	switch {
	case !l.noFrame && c.cams[l.camera].frozen:
		return SkipFrozen, 0, true
	case l.away:
		return SkipAway, 0, true
	case l.health == HealthBroken && c.now < l.probe:
		return SkipBroken, 0, true
	case c.now < l.backoff:
		return SkipBackoff, 0, true
	case len(l.leaked) >= MaxLeaked:
		return SkipLeaked, 0, true
	case l.busy:
		return SkipBusy, 0, true
	case !l.noFrame && c.now < l.due.Add(-c.tolerance(l)):
		return SkipRate, 0, true
	}
	for _, cell := range l.needs {
		if !c.cells[cell].Fresh(c.now) {
			return SkipNeeds, cell, true
		}
	}
	if w := l.gate; w >= 0 && c.watches[w].answer != yes {
		return SkipGate, 0, true
	}
	return 0, 0, false
}
