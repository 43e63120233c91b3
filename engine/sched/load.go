package sched

import (
	"time"

	"rvo.dev/engine/graph"
)

const (
	// headroom is the share of its time that an adaptive detector may be busy: 4 in 5. At 1 a single late run is an overrun.
	headroomNum, headroomDen = 5, 4
	// calmRuns is how many runs without pressure it takes for an adaptive rate to rise by an eighth. Falling is immediate:
	// late results hurt at once, a low rate does not, and equal steps both ways would swing.
	calmRuns = 8
)

// adjust is the load policy: what a run of this length means for the next ones.
func (c *Core) adjust(l *lane, took time.Duration) {
	if l.cost == 0 {
		l.cost = took
	}
	l.cost += (took - l.cost) / 8
	switch l.load {
	case graph.LoadNone:
	case graph.LoadBackoff:
		if took <= Overrun*l.period {
			return
		}
		l.backoff = c.now.Add(Backoff(l.class)) // from the end of the run: from its start it would be over already
		if l.slowest > 0 {
			// A floor is a rate like any other: the picture that keeps it may come a little early.
			l.backoff = max(min(l.backoff, l.began.Add(l.slowest-c.tolerance(l))), c.now)
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
	c.lanes[li].health, c.lanes[li].healthAt = h, c.now
	return append(out, Decision{Kind: DecisionHealth, Instance: li, Health: h})
}
