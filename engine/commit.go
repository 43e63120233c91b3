package engine

import (
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// commit switches over, in one turn of the core. It cannot fail but for the run's end.
func (d *edit) commit() error {
	e := d.e
	for _, enc := range d.made.encoders {
		e.spawn(enc.loop)
	}
	for _, s := range d.made.sinks {
		s.start(e.hard)
	}
	d.moveLanes()
	collect()
	e.do(func() {
		if phase(e.state.Load()) != phaseRunning {
			return
		}
		warmed := d.warm()
		e.round() // what has come belongs to the old graph
		begin := time.Now()
		e.edit = d
		e.step(sched.Input{Kind: sched.InputSwap, Now: e.now(), Swap: d.core})
		for i, c := range d.new.cams {
			if d.was[i] != c {
				c.tellCore(c.state())
			}
		}
		d.pause, d.at, d.done = max(time.Since(begin), warmed), e.cfg.Wall(), true
		e.metrics.pause.observe(d.pause)
		e.complete = e.over()
	})
	if !d.done {
		return ErrStopped
	}
	d.settle()
	return nil
}

// moveLanes finds which lanes of the new wiring have something to change, so that the others need not be looked at in the turn.
func (d *edit) moveLanes() {
	d.idle = make(chan struct{})
	close(d.idle)
	for i, l := range d.new.lanes {
		m := laneMove{lane: l, index: i, env: d.envs[i]}
		if m.env != nil && sameEnv(m.env, l.env.Load()) {
			m.env = nil
		}
		if m.env != nil || l.index != i || l.gone {
			d.moves = append(d.moves, m)
		}
	}
}

// sameEnv reports whether two instances would be opened with the same.
func sameEnv(a, b *node.InstanceEnv) bool {
	return a.Camera == b.Camera && a.Seed == b.Seed && slices.EqualFunc(a.Masks, b.Masks, slices.Equal) && maps.EqualFunc(a.Zones, b.Zones, slices.Equal)
}

// warm brings what the core will move into the caches of this processor, a part at a time with the core's inputs in between. It
// returns for how long the core took none at most.
func (d *edit) warm() (longest time.Duration) {
	for part, more := 0, true; more; part++ {
		d.e.round()
		begin := time.Now()
		more = d.e.core.Warm(d.core, part)
		longest = max(longest, time.Since(begin))
	}
	return longest
}

// adopt makes the new wiring the one that runs: the core has just gone over to its graph. Everything was made ready; here only
// pointers move.
func (e *Engine) adopt() {
	d := e.edit
	e.edit = nil
	for _, l := range d.gone.lanes {
		l.gone, l.idle = true, d.idle
		if l.current != nil {
			l.idle = make(chan struct{})
			e.orphans = append(e.orphans, l.current)
		}
	}
	for i := range d.moves {
		m := &d.moves[i]
		m.lane.index = m.index
		if m.env != nil {
			m.lane.env.Store(m.env)
		}
		if m.lane.gone { // it was parked
			m.lane.gone, m.lane.idle = false, nil
		}
	}
	for i, c := range d.new.cams {
		if was := d.was[i]; was != nil && was != c { // what the core holds of it goes on under the same numbers
			c.held, was.held = was.held, nil
		}
	}
	for _, c := range d.gone.cams {
		c.park()
	}
	e.w.Store(d.new)
	for i, c := range d.new.cams {
		c.sit(d.seats[i])
	}
	d.new.ready.all(len(d.new.cams)) // also what was noted in the old one
	for enc, want := range d.sampling {
		enc.want.Store(want)
	}
	for _, x := range d.outlets {
		x.sink.out.Store(x.to)
	}
	d.evidence.Switch()
	e.pool.resize(d.new.slots)
	for _, apply := range d.applies {
		apply()
	}
	d.superseded, e.trial, d.since = e.trial, d.trial, time.Duration(e.core.Now())
}

// settle does after the commit what nobody waits for.
func (d *edit) settle() {
	d.evidence.Settle()
	d.e.nodes = d.nodes
	d.e.memory.settle(d.new.g.Memory, max(rings(d.old.g)-rings(d.new.g), 0))
	for s, bound := range d.queues {
		for range s.q.Resize(bound) {
			s.dropped.Add(1)
		}
	}
	for _, c := range d.new.cams {
		if t := c.try.Swap(nil); t != nil && t.end() != nil { // it was given up between its first picture and the commit
			<-c.done
			c.start(d.e.watching)
		}
	}
	for _, s := range d.gone.sinks {
		if o := s.out.Load(); o.node == nil { // it was closed for its successor
			o.closed = true
			s.cancel()
			o.give()
		}
	}
	for _, x := range d.outlets {
		if x.from.node == nil && !x.from.closed { // likewise
			x.from.closed = true
			x.from.give()
			continue
		}
		d.gone.outlets = append(d.gone.outlets, x.from)
	}
}

// slim gives back what only the old graph's pictures needed, once its nodes are closed.
func (d *edit) slim() {
	select {
	case d.e.swapping <- struct{}{}:
		defer func() { <-d.e.swapping }()
	case <-d.e.watching.Done():
		return
	}
	if d.e.w.Load() != d.new {
		return // another edit has followed, and does it
	}
	for i, c := range d.new.cams {
		_ = c.pool.Resize(d.new.g.Cameras[i].Buffers(), shared(d.new.g, i)) // no more than it has: always fits
	}
}

// forget takes note that the last run of a lane that is gone is out no more.
func (e *Engine) forget(j *job) {
	e.orphans = slices.DeleteFunc(e.orphans, func(o *job) bool { return o == j })
	close(j.lane.idle)
}

// abandonOrphan gives up the run of a lane that is gone.
func (e *Engine) abandonOrphan(id uint64) {
	if j := find(e.orphans, func(j *job) bool { return j.id == id }); j != nil {
		e.abandon(j.lane)
	}
}
