package graph

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/event"
)

func (b *builder) events() {
	g := b.g
	for _, e := range b.spec.Events {
		if !e.Enabled {
			g.Disabled = append(g.Disabled, "event/"+e.ID)
			continue
		}
		ev := Event{EventSpec: e, Evidence: -1, Config: event.Config{
			Hold: e.Hold, Grace: e.Grace, UnknownGrace: e.UnknownGrace, Cooldown: e.Cooldown,
			MaxDuration: e.MaxDuration, HasMax: e.HasMax, Updates: e.Updates,
		}}
		if err := ev.Config.Validate(); err != nil {
			b.fail("event %q: %w", e.ID, err)
		}
		if again := e.MaxDuration + e.Hold + e.Cooldown; e.HasMax && again > 0 && again < MinRepeat {
			b.fail("event %q: would be confirmed every %v: hold, maxDuration and cooldown must together be at least %v", e.ID, again, MinRepeat)
		}
		if e.Updates > 0 && e.Updates < MinUpdates {
			b.fail("event %q: updates %v must be at least %v", e.ID, e.Updates, MinUpdates)
		}
		if e.When == nil {
			b.fail("event %q has no condition", e.ID)
			continue
		}
		if e.Evidence != "" {
			ev.Evidence = slices.IndexFunc(g.Evidence, func(s EvidenceSpec) bool { return s.ID == e.Evidence })
			if ev.Evidence < 0 {
				b.fail("event %q: there is no evidence %q", e.ID, e.Evidence)
			}
		}
		for _, id := range e.Sinks {
			i := slices.IndexFunc(g.Sinks, func(s Sink) bool { return s.ID == id })
			if i < 0 {
				b.fail("event %q: there is no sink %q", e.ID, id)
			}
			ev.Sinks = append(ev.Sinks, i)
		}
		if len(e.Sinks) == 0 {
			for i := range g.Sinks {
				ev.Sinks = append(ev.Sinks, i)
			}
		}
		for _, id := range e.Cameras {
			if !b.hasCamera(id) {
				b.fail("event %q: there is no camera %q", e.ID, id)
			}
		}
		ev.Schedule = b.schedule(&e)
		b.machines(&ev)
		g.Events = append(g.Events, ev)
	}
}

// machines makes the machines of an event.
func (b *builder) machines(ev *Event) {
	if ev.Scope == ScopePipeline {
		b.single(ev)
		return
	}
	b.perCamera(ev)
}

// single makes the one machine of an event in scope pipeline.
func (b *builder) single(ev *Event) {
	g := b.g
	if len(ev.Cameras) > 0 {
		b.fail("event %q: in scope pipeline it has no cameras of its own: its signals name them", ev.ID)
	}
	if path, ok := nameless(ev.When); ok {
		b.fail("event %q: %s must name its camera: the event has scope pipeline", ev.ID, path)
		return
	}
	p, err := event.Compile(ev.When, b.resolver(AllCameras))
	if err != nil {
		b.fail("event %q: %w", ev.ID, err)
		return
	}
	if !b.written(p) && !b.anyDisabled(ev.When) {
		b.fail("event %q: none of its signals is written on the cameras that it names", ev.ID)
	}
	m := Machine{Event: len(g.Events), Camera: AllCameras, Program: p}
	for _, c := range p.Cells() {
		if ci := g.Cells[c].Camera; ci >= 0 && !slices.Contains(m.Cameras, ci) {
			m.Cameras = append(m.Cameras, ci)
		}
	}
	slices.Sort(m.Cameras)
	ev.Machines = append(ev.Machines, len(g.Machines))
	g.Machines = append(g.Machines, m)
}

// perCamera makes one machine for each camera of an event on which at least one of the signals it asks for is written.
func (b *builder) perCamera(ev *Event) {
	g := b.g
	cameras, some := 0, false
	var first, aside error // what is wrong where it is watched, and where it would not be
	for ci := range g.Cameras {
		if len(ev.Cameras) > 0 && !slices.Contains(ev.Cameras, g.Cameras[ci].ID) {
			continue
		}
		cameras++
		p, err := event.Compile(ev.When, b.resolver(ci))
		switch {
		case err != nil && len(ev.Cameras) == 0 && !b.says(ev.When, ci):
			aside = cmp.Or(aside, err)
			continue
		case err != nil:
			first = cmp.Or(first, err)
			continue
		}
		written := b.written(p)
		some = some || written
		if len(ev.Cameras) == 0 && !written {
			continue // an event for every camera skips those on which none of its detectors run
		}
		mi := len(g.Machines)
		g.Machines = append(g.Machines, Machine{Event: len(g.Events), Camera: ci, Program: p, Cameras: []int{ci}})
		g.Cameras[ci].Machines = append(g.Cameras[ci].Machines, mi)
		ev.Machines = append(ev.Machines, mi)
	}
	switch {
	case first != nil:
		b.fail("event %q: %w", ev.ID, first)
	case aside != nil && len(ev.Machines) == 0:
		b.fail("event %q: %w", ev.ID, aside)
	case cameras > 0 && !some && !b.anyDisabled(ev.When):
		b.fail("event %q: none of its signals is written on any of its cameras", ev.ID)
	}
}

func (b *builder) written(p *event.Program) bool {
	return slices.ContainsFunc(p.Cells(), func(c int) bool { return b.g.Cells[c].Instance >= 0 || b.g.Cells[c].Own })
}

// says reports whether something on a camera writes a signal that a condition asks of it.
func (b *builder) says(c *event.Cond, camera int) bool {
	return slices.ContainsFunc(c.Signals(), func(l event.Ref) bool {
		cell, ok := b.cell[cellKey{camera, l.Signal}]
		return ok && l.Camera == "" && (b.g.Cells[cell].Instance >= 0 || b.g.Cells[cell].Own)
	})
}

func (b *builder) anyDisabled(c *event.Cond) bool {
	return slices.ContainsFunc(c.Signals(), func(l event.Ref) bool {
		id, _, _ := strings.Cut(l.Signal, ".")
		off := l.Camera != "" && b.hasCamera(l.Camera) && b.g.CameraIndex(l.Camera) < 0
		return off || b.known[id] != nil && !b.known[id].Enabled
	})
}

// ringSlack is what a ring holds beyond the pre-roll: the time between the deciding picture and the evidence worker's
// cut, in the worst case that the engine allows.
const ringSlack = 2 * time.Second

// rings gives every camera that evidence looks at a ring, and shares the memory out evenly.
func (b *builder) rings() {
	g := b.g
	all := make([]bool, len(g.Cameras))
	for _, m := range g.Machines {
		ev := &g.Events[m.Event]
		if ev.Evidence < 0 {
			continue
		}
		p := &g.Evidence[ev.Evidence]
		for _, ci := range m.Cameras {
			c := &g.Cameras[ci]
			// The deciding frame lies hold and grace before the confirmation at most, the pre-roll before that.
			c.Ring = max(c.Ring, p.Pre+p.Post+ev.Hold+ev.Grace+ringSlack)
			c.Quality = max(c.Quality, p.Quality)
			c.RingFPS = max(c.RingFPS, p.FPS)
			all[ci] = all[ci] || p.FPS == 0
		}
	}
	n := 0
	for ci := range g.Cameras {
		c := &g.Cameras[ci]
		if all[ci] {
			c.RingFPS = 0
		}
		if c.Ring == 0 {
			continue
		}
		if c.CameraSpec.Ring > 0 {
			c.Ring = c.CameraSpec.Ring
		}
		n++
	}
	for ci := range g.Cameras {
		if g.Cameras[ci].Ring > 0 {
			g.Cameras[ci].RingBytes = g.RingMemory / int64(n)
		}
	}
}
