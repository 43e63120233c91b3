package sched

import "rvo.dev/engine/graph"

// dispatch asks the gates about what has news, and starts what may start as far as the slots go.
func (c *Core) dispatch(out []Decision) []Decision {
	if c.stopped {
		c.retry = c.retry[:0]
		return out
	}
	c.willing = c.willing[:0]
	for _, li := range c.retry {
		c.lanes[li].news = false
		if c.lanes[li].offer {
			out = c.judge(li, out)
		}
	}
	c.retry = c.retry[:0]
	if c.roomForAll() {
		return c.startAll(out)
	}
	for _, li := range c.willing {
		c.enqueue(li)
	}
	return c.startBest(out)
}

// roomForAll reports whether all that is willing can start and nobody else waits, so that there is nothing to choose.
func (c *Core) roomForAll() bool {
	if c.local.n > 0 || c.remote.n > 0 {
		return false
	}
	slots, others, long, blocking := c.slotsFree, c.slots-c.reserve-c.others, c.forLong()-c.long, c.blocking
	for _, li := range c.willing {
		l := &c.lanes[li]
		if l.blocking {
			blocking--
			continue
		}
		slots -= l.weight
		if l.priority != graph.Critical {
			others -= l.weight
		}
		if !l.inDue {
			l.long = c.isLong(l)
		}
		if l.long {
			long -= l.weight
		}
	}
	return slots >= 0 && others >= 0 && long >= 0 && blocking >= 0
}

// startAll starts all that is willing, by priority.
func (c *Core) startAll(out []Decision) []Decision {
	for p, left := graph.Critical, len(c.willing); left > 0; p-- {
		for _, li := range c.willing {
			if l := &c.lanes[li]; l.priority == p {
				left--
				c.take(l)
				out = c.begin(int(li), out)
			}
		}
	}
	return out
}

// startBest starts of those that wait for a slot who is to go first, as long as there are slots: that is best's to say.
func (c *Core) startBest(out []Decision) []Decision {
	c.aside = c.aside[:0]
	for c.slotsFree > 0 && c.local.n > 0 {
		li := c.best(&c.local, allowed{others: c.others < c.slots-c.reserve, long: c.long < c.forLong()})
		if li < 0 {
			break
		}
		if l := &c.lanes[li]; c.free(l) < l.weight {
			c.aside = append(c.aside, int32(li)) // smaller ones may still fit
			continue
		}
		out = c.launch(li, out)
	}
	for _, li := range c.aside {
		c.enqueue(li)
	}
	for c.blocking > 0 && c.remote.n > 0 {
		li := c.best(&c.remote, allowed{true, true})
		if li < 0 {
			break
		}
		out = c.launch(li, out)
	}
	return out
}

// free is how many slots this lane could take.
func (c *Core) free(l *lane) int {
	if l.priority == graph.Critical {
		return c.slotsFree
	}
	return min(c.slotsFree, c.slots-c.reserve-c.others)
}

// take gives a lane the slots of a run.
func (c *Core) take(l *lane) {
	l.claim = claim{l.weight, l.blocking, l.priority == graph.Critical, l.long}
	if l.blocking {
		c.blocking--
		return
	}
	c.slotsFree -= l.weight
	if !l.claim.critical {
		c.others += l.weight
	}
	if l.long {
		c.long += l.weight
	}
}

// giveBack frees what a run held.
func (c *Core) giveBack(h claim) {
	if h.blocking {
		c.blocking++
		return
	}
	c.slotsFree += h.weight
	if !h.critical {
		c.others -= h.weight
	}
	if h.long {
		c.long -= h.weight
	}
}

// launch starts a lane that has a slot, unless a gate has closed since it began to wait.
func (c *Core) launch(li int, out []Decision) []Decision {
	l := &c.lanes[li]
	switch v, why := c.try(li); v {
	case start:
		c.take(l)
		return c.begin(li, out)
	case wait:
		l.cause = why
		if why == SkipRate {
			c.alarm(int32(li), l.due.Add(-c.tolerance(l)))
		}
	case refuse:
		return c.skip(li, why, out)
	}
	return out
}
