package sched

import "rvo.dev/engine/graph"

// dispatch asks the gates about what has news, and starts what may start as far as the slots go.
func (c *Core) dispatch(out []Decision) []Decision {
	if c.stopped {
		c.retry = c.retry[:0]
		return out
	}
	if len(c.retry) > 0 {
		c.willing = c.willing[:0]
		for _, li := range c.retry {
			l := &c.lanes[li]
			l.news = false
			if l.offer {
				out = c.judge(l, li, out)
			}
		}
		c.retry = c.retry[:0]
		if len(c.willing) > 0 && c.local.n == 0 && c.remote.n == 0 { // nobody else waits
			if high, low, ok := c.roomForAll(); ok {
				return c.startAll(high, low, out)
			}
		}
		for _, li := range c.willing {
			c.enqueue(li)
		}
	}
	if c.local.n == 0 && c.remote.n == 0 {
		return out
	}
	return c.startBest(out)
}

// roomForAll reports whether all that is willing can start, so that there is nothing to choose, and the highest and lowest
// priority of it.
func (c *Core) roomForAll() (high, low graph.Priority, ok bool) {
	low = graph.Critical
	slots, others, long, blocking := c.slotsFree, c.slots-c.reserve-c.others, c.forLong()-c.long, c.blocking
	guarded := len(c.guard.lanes) > 0
	for _, li := range c.willing {
		l := &c.lanes[li]
		high, low = max(high, l.priority), min(low, l.priority)
		if l.blocking {
			blocking--
			continue
		}
		slots -= l.weight
		if l.priority != graph.Critical {
			others -= l.weight
		}
		if !l.inDue {
			l.long = guarded && c.isLong(l)
		}
		if l.long {
			long -= l.weight
		}
	}
	return high, low, slots >= 0 && others >= 0 && long >= 0 && blocking >= 0
}

// startAll starts all that is willing, by priority.
func (c *Core) startAll(high, low graph.Priority, out []Decision) []Decision {
	for p := high; ; p-- {
		for _, li := range c.willing {
			if l := &c.lanes[li]; l.priority == p {
				c.take(l)
				out = c.begin(l, int(li), out)
			}
		}
		if p == low {
			return out
		}
	}
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
	h := &l.claim
	h.weight, h.blocking, h.critical, h.long = l.weight, l.blocking, l.priority == graph.Critical, l.long
	if l.blocking {
		c.blocking--
		return
	}
	c.slotsFree -= l.weight
	if !h.critical {
		c.others += l.weight
	}
	if l.long {
		c.long += l.weight
	}
}

// giveBack frees what a run held.
func (c *Core) giveBack(h *claim) {
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
	switch v, why := c.try(l); v {
	case start:
		c.take(l)
		return c.begin(l, li, out)
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
