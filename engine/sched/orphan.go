package sched

import (
	"slices"

	"rvo.dev/engine/tick"
)

// orphan is a run that is out and whose detector a swap took away or replaced. It goes on in the old one; what it says does
// not count, but it has its slots and its picture until it ends or its time is over.
type orphan struct {
	job     uint64
	camera  int
	seq     uint64 // 0: of a camera that is gone, or of none
	timeout tick.Time
	claim   claim
}

// orphaned takes the end of a run whose detector is gone.
func (c *Core) orphaned(in *Input, out []Decision) []Decision {
	i := slices.IndexFunc(c.orphans, func(o orphan) bool { return o.job == in.Job })
	if i < 0 {
		return out // given up already
	}
	c.Stats.Gone++
	return c.forget(i, out)
}

// giveUpOrphans gives up those whose time is over. Nothing is kept of them: the run has its own hold on its picture.
func (c *Core) giveUpOrphans(out []Decision) []Decision {
	for i := len(c.orphans) - 1; i >= 0; i-- {
		if o := &c.orphans[i]; o.timeout <= c.now {
			out = append(out, Decision{Kind: DecisionAbandon, Instance: Gone, Job: o.job})
			out = c.forget(i, out)
		}
	}
	return out
}

// forget frees what an orphan holds.
func (c *Core) forget(i int, out []Decision) []Decision {
	o := c.orphans[i]
	c.orphans = slices.Delete(c.orphans, i, i+1)
	c.giveBack(&o.claim)
	return c.unhold(o.camera, o.seq, out)
}
