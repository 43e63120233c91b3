package sched

// away takes that an instance can make no run for now, or can again. What comes meanwhile waits as for a run that is out: it
// holds no slot, and is no failure. One that was broken and is back has another chance at once: what broke it is most likely
// what went away.
func (c *Core) away(in *Input, out []Decision) []Decision {
	if in.Instance < 0 || in.Instance >= len(c.lanes) {
		return out
	}
	l := &c.lanes[in.Instance]
	if in.Away != l.away {
		l.away, l.awayAt = in.Away, c.now
	}
	if !in.Away && l.health == HealthBroken {
		l.probe = min(l.probe, c.now)
	}
	c.review(l, in.Instance)
	return out
}
