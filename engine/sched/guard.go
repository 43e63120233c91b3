package sched

import (
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// guard is what keeps the rate of critical detectors without a reserved slot. Runs are not pre-empted, so a critical one
// may have to wait for a run that has just begun, and when that is longer than what its period leaves, it loses pictures.
// Runs that take longer than that are long: of all slots as many as the critical detectors use stay free of long ones, but
// at least one slot is left to them. A critical detector then waits no longer than its period leaves for one of the slots
// that hold no long runs, and the rest of the time these are for whatever is short.
//
// What has fallen to its floor is never held back, a run that takes several slots may begin when one is left to long runs, and
// with one slot there is nothing to choose.
type guard struct {
	lanes []int32 // critical lanes that compute
	slack due     // by place in lanes: what the period leaves beside a run, as an instant
	place []int32 // of each lane in lanes, -1: not critical or takes no slot
	load  []int64 // by place in lanes: CPU slots in use, in millionths
	sum   int64
	most  int // slots of the widest run
}

func newGuard(lanes []lane) guard {
	g := guard{place: make([]int32, len(lanes))}
	for i := range lanes {
		g.place[i] = -1
		if l := &lanes[i]; l.priority == graph.Critical && !l.blocking {
			g.place[i] = int32(len(g.lanes))
			g.lanes = append(g.lanes, int32(i))
			g.most = max(g.most, l.weight)
		}
	}
	g.slack, g.load = newDue(len(g.lanes)), make([]int64, len(g.lanes))
	return g
}

// learn takes what is known of a critical lane's cost now.
func (c *Core) learn(li int) {
	g := &c.guard
	p := g.place[li]
	if p < 0 {
		return
	}
	l := &c.lanes[li]
	period := max(l.period, c.cams[l.camera].period)
	load := int64(l.weight) * int64(l.expected()) * 1e6 / int64(period)
	g.sum += load - g.load[p]
	g.load[p] = load
	g.slack.by(p, c.slackOf(l))
}

func (c *Core) slackOf(l *lane) tick.Time {
	return tick.Time(max(max(l.period, c.cams[l.camera].period)-l.expected(), 0))
}

// expected is how long the lane's next run will take: as learned, before that as declared.
func (l *lane) expected() time.Duration {
	if l.cost > 0 {
		return l.cost
	}
	return l.declared
}

// isLong reports whether a run of the lane would take longer than critical detectors can wait.
func (c *Core) isLong(l *lane) bool {
	g := &c.guard
	if len(g.lanes) == 0 || l.priority == graph.Critical || l.blocking {
		return false
	}
	for {
		p, key := g.slack.first()
		real := c.slackOf(&c.lanes[g.lanes[p]])
		if key >= real {
			return tick.Time(l.expected()) > real
		}
		g.slack.correct(real)
	}
}

// forLong is how many slots long runs may hold at once.
func (c *Core) forLong() int {
	g := &c.guard
	if len(g.lanes) == 0 {
		return c.slots
	}
	used := max(int((g.sum+1e6-1)/1e6), g.most)
	return max(c.slots-max(used, c.reserve), 1)
}
