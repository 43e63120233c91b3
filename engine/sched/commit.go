package sched

import (
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// swap puts another graph in the place of the present one. What both have goes on as it is (DESIGN 6): pictures, values and
// their ages, what conditions remember, events, runs, health, learned costs and schedules. What is gone is ended first, by
// the old indexes; then DecisionSwap, then what the new graph changes.
//
// Nothing can fail in here and nothing is built: Prepare did that.
func (c *Core) swap(s *Swap, out []Decision) []Decision {
	p := s.next
	switch {
	case p == nil:
		panic("sched: a swap that is not prepared, or was used: Prepare and Resolve make one for one input")
	case p.from != c.g:
		panic("sched: a swap that was prepared for another graph than the core runs")
	}
	s.next = nil
	out = c.settle(c.now, out)
	out = c.retire(p, out)
	out = append(out, Decision{Kind: DecisionSwap})
	n := p.core
	n.inherit(c)
	n.moveCameras(c, p)
	n.moveCells(c, p)
	n.moveStats(c, p)
	out = n.moveLanes(c, p, out)
	n.moveRuns(c, p)
	n.moveQueues(c, p)
	n.moveGuard(c, p)
	out = n.moveWatches(c, p, out)
	*c = *n
	return out
}

// retire ends what the new graph has not: it is the last that is decided by the old indexes.
func (c *Core) retire(p *prepared, out []Decision) []Decision {
	for i, reason := range p.reasons {
		if reason == event.ReasonNone {
			continue
		}
		w := &c.watches[c.machines[i]]
		c.trans = w.m.Stop(reason, c.now, c.trans[:0])
		out = c.emit(w, out)
	}
	for i := range c.lanes {
		l, now := &c.lanes[i], p.remap.Instances[i]
		gone := now == Gone
		if !gone && !p.lanes[now].fresh {
			continue
		}
		if l.offer && (gone || l.offerSeq == 0 || p.core.lanes[now].noFrame) {
			out = c.skip(i, SkipStopping, out)
		}
		for _, a := range l.leaked {
			out = c.unhold(l.camera, a.seq, out)
		}
		l.leaked = nil
	}
	for i := range c.cams {
		if p.remap.Cameras[i] != Gone {
			continue
		}
		for _, h := range c.cams[i].held {
			out = append(out, Decision{Kind: DecisionDrop, Camera: i, Seq: h.seq})
		}
	}
	return out
}

// inherit takes over what no part of the graph has.
func (c *Core) inherit(o *Core) {
	c.now, c.ticks, c.started, c.stopped = o.now, o.ticks, o.started, o.stopped
	c.run, c.offset, c.generation = o.run, o.offset, o.generation+1
	c.input, c.asked, c.trans = o.input, o.asked, o.trans
	c.job, c.lastBegin, c.begun = o.job, o.lastBegin, o.begun
	c.slotsFree += o.slotsFree - o.slots // below 0 where runs hold more than there are now: until they end
	c.blocking += o.blocking - o.places
	c.others, c.long = o.others, o.long
}

func (c *Core) moveCameras(o *Core, p *prepared) {
	for i, from := range p.cams {
		if from == Gone {
			continue
		}
		cam := &c.cams[i]
		cells, period := cam.cells, cam.period
		*cam = o.cams[from]
		cam.cells = cells
		if c.g.Cameras[i].FPS != o.g.Cameras[from].FPS {
			cam.period = period
		}
	}
}

// moveCells keeps values with their times. Another time to live holds at once, also for values that are there.
func (c *Core) moveCells(o *Core, p *prepared) {
	c.cells, c.bands.now = move(c.cells, o.cells, p.values), move(c.bands.now, o.bands.now, p.values)
	for _, i := range p.entered { // what it is compared with is another
		c.bands.enter(int(i), c.cells[i].Value.Order())
	}
	p.touched = p.touched[:0]
	for i := range p.cells {
		m := &p.cells[i]
		cell := &c.cells[m.cell]
		changed := m.retune
		if m.retune {
			cell.Retune(c.g.Cells[m.cell].TTL)
		}
		if m.words && cell.Seen() && !slices.Contains(p.words[int(m.cell)], cell.Value.AsLabel()) {
			*cell = signal.Cell{TTL: cell.TTL, Since: cell.Since}
			changed = true
		}
		switch {
		case m.begins:
			cell.Since, changed = c.now, true
		case m.stops:
			cell.Since, changed = tick.Never, true
		}
		if changed {
			p.touched = append(p.touched, m.cell)
		}
	}
}

// moveStats lets the counters of what stays go on.
func (c *Core) moveStats(o *Core, p *prepared) {
	frames, lanes := c.Stats.Frames, c.Stats.Lanes
	c.Stats = o.Stats
	c.Stats.Frames, c.Stats.Lanes = move(frames, o.Stats.Frames, p.frames), move(lanes, o.Stats.Lanes, p.counts)
}

func (c *Core) moveLanes(o *Core, p *prepared, out []Decision) []Decision {
	for i := range p.lanes {
		m, l := &p.lanes[i], &c.lanes[i]
		if m.from == Gone {
			c.enter(i)
			continue
		}
		old := &o.lanes[m.from]
		if m.fresh {
			l.takeOver(old, c.now)
			if old.health != HealthOK {
				out = c.setHealth(i, HealthOK, out)
			}
		} else {
			l.life = old.life
		}
		if m.same {
			if l.queued {
				c.queue(l).n++
			}
			continue
		}
		l.retune(old, c.now)
		l.news, l.queued, l.inDue, l.inFloor, l.alarmed = false, false, false, false, false
		if l.timed {
			c.alarm(int32(i), l.due)
		}
		c.review(l, i)
	}
	for _, li := range o.retry {
		if now := p.remap.Instances[li]; now != Gone && p.lanes[now].same {
			c.retry = append(c.retry, int32(now))
		}
	}
	return out
}

// takeOver gives the lane of another detector the schedule of the one before it, and the picture that waits there.
func (l *lane) takeOver(old *lane, now tick.Time) {
	l.began, l.due, l.turn, l.ended = old.began, old.due, old.turn, now
	l.offer, l.offerSeq, l.offerCapture, l.offerAt = old.offer, old.offerSeq, old.offerCapture, old.offerAt
	l.cause = SkipSlots
}

// retune fits a lane's schedule to settings that are not those of before. A slot of the rate follows the one before it by the
// new period; one that would have passed is now.
func (l *lane) retune(old *lane, now tick.Time) {
	if l.fastest != old.fastest {
		l.due = max(l.due.Add(l.fastest-old.period), min(l.due, now))
		l.turn = max(l.turn.Add(l.fastest-old.period), min(l.turn, now))
	}
	if l.load != graph.LoadAdaptive || old.load != graph.LoadAdaptive {
		l.period, l.calm, l.pressed = l.fastest, 0, false
	}
	l.period = max(l.period, l.fastest)
	if l.slowest > 0 {
		l.period = min(l.period, l.slowest)
	}
	if l.load == graph.LoadNone {
		l.backoff = min(l.backoff, now)
	}
}

// moveRuns keeps the runs that are out, with the lanes that go on or as orphans.
func (c *Core) moveRuns(o *Core, p *prepared) {
	for _, x := range o.orphans {
		c.orphan(x, p)
	}
	for _, e := range o.running {
		now := p.remap.Instances[e.id]
		if now == Gone || p.lanes[now].fresh {
			l := &o.lanes[e.id]
			c.orphan(orphan{l.job, l.camera, l.seq, l.timeout, l.claim}, p)
			continue
		}
		c.lanes[now].place = len(c.running)
		c.running = append(c.running, entry{e.key, int32(now)})
	}
	c.expires = c.nextTimeout()
}

// orphan keeps a run whose camera has the old index.
func (c *Core) orphan(x orphan, p *prepared) {
	if x.camera != Gone {
		x.camera = p.remap.Cameras[x.camera]
	}
	if x.camera == Gone {
		x.seq = 0 // dropped with the camera
	}
	c.orphans = append(c.orphans, x)
}

// moveQueues keeps the place in the line of every lane that is as it was.
func (c *Core) moveQueues(o *Core, p *prepared) {
	move := func(to *heap, from heap) {
		for _, e := range from {
			if now := p.remap.Instances[e.id]; now != Gone && p.lanes[now].same {
				to.push(entry{e.key, int32(now)})
			}
		}
	}
	for prio := range o.local.turns {
		for k := range o.local.turns[prio] {
			move(&c.local.turns[prio][k], o.local.turns[prio][k])
			move(&c.remote.turns[prio][k], o.remote.turns[prio][k])
		}
		move(&c.local.floors[prio], o.local.floors[prio])
		move(&c.remote.floors[prio], o.remote.floors[prio])
	}
	move(&c.alarms, o.alarms)
}

// moveGuard keeps what is known of critical lanes that are as they were.
func (c *Core) moveGuard(o *Core, p *prepared) {
	g, old := &c.guard, &o.guard
	g.slack.reset()
	clear(g.load)
	g.sum = 0
	for q, li := range g.lanes {
		m := &p.lanes[li]
		if m.from == Gone || !m.same {
			c.learn(int(li))
			continue
		}
		was := old.place[m.from]
		g.load[q] = old.load[was]
		g.sum += g.load[q]
		g.slack.by(int32(q), old.slack.heap[old.slack.place[was]].key)
	}
}

// moveWatches keeps what conditions and events remember. Those that may say something else now are evaluated in this turn.
func (c *Core) moveWatches(o *Core, p *prepared, out []Decision) []Decision {
	for i := range p.watches {
		m, w := &p.watches[i], &c.watches[i]
		if m.from == Gone {
			w.born = c.generation
			c.mark(int32(i))
			continue
		}
		old := &o.watches[m.from]
		if m.state { // it is not the old one's any more
			w.state = old.state
			w.state.Resume(w.prog)
		} else {
			w.state.Carry(old.state)
		}
		w.timer, w.since, w.answer = old.timer, old.since, old.answer
		w.muted, w.occurrence, w.born = old.muted, old.occurrence, old.born
		if m.hours {
			w.during.open, w.during.changes = old.during.open, old.during.changes
		}
		if w.machine >= 0 {
			out = c.carryOn(w, old, m, out)
		}
		if m.cond && m.cells && m.cfg && m.hours {
			c.wakes.values[i] = o.wakes.values[m.from]
			c.wakes.set(int32(i), o.wakes.at[m.from])
		} else {
			c.mark(int32(i))
		}
	}
	for _, cell := range p.touched {
		c.markReaders(int(cell))
	}
	slices.Sort(c.dirty)
	return out
}

// carryOn lets an event go on where it stood. By other times what is overdue happens now; another condition is asked anew.
func (c *Core) carryOn(w, old *watch, m *watchMove, out []Decision) []Decision {
	if m.cond && m.cfg {
		w.m = old.m
		return out
	}
	c.trans = old.m.Step(old.cfg, old.answer, c.now, c.trans[:0])
	c.trans = w.m.Carry(old.m, m.cond, c.now, c.trans)
	w.timer = w.m.Wake(w.cfg)
	if !m.cond {
		w.timer = c.now // the machine is to hear the answer, whatever it is
	}
	if len(c.trans) > 0 {
		out = c.emit(w, out)
	}
	return out
}
