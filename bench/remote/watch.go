package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// seen is what was seen of a run.
type seen struct {
	ticks  []time.Duration // while it was measured
	nearby int             // runs of the detector beside, then
	beside int             // its runs of the whole time
	good   int             // runs of the service's detector that ended well
	failed int
	broken int // how often it broke since its last good run
	events int // confirmed ones of the service's event
	// old are decisions on pictures that were too old: an event that was confirmed, or went on.
	old int
	// behind are runs that began on a picture older than the newest there was.
	behind int
}

// watch watches the core's ticks.
type watch struct {
	g      *graph.Graph
	people int // the instance that asks the service
	person int // the machine of its event

	mu        sync.Mutex
	measuring bool
	seen
	captures map[uint64]tick.Time // of the camera's last pictures, by number
	last     uint64               // number of the newest of them
	running  tick.Time            // capture of the picture that the service was asked about last
	newest   tick.Time            // capture of the newest picture that it answered
}

func newWatch(g *graph.Graph) *watch {
	w := &watch{g: g, captures: map[uint64]tick.Time{}}
	for i := range g.Instances {
		if strings.HasPrefix(g.InstanceName(i), "people") {
			w.people = i
		}
	}
	for i := range g.Machines {
		if g.Events[g.Machines[i].Event].ID == "person" {
			w.person = i
		}
	}
	return w
}

// late is by how much a timer may be late: no picture is older than its ttl for that reason alone.
const late = 50 * time.Millisecond

// observe is the engine's Observe.
func (w *watch) observe(ins []sched.Input, took time.Duration, decided []sched.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.measuring {
		w.ticks = append(w.ticks, took)
	}
	now := ins[0].Now
	for i := range ins {
		switch in := &ins[i]; {
		case in.Kind == sched.InputFrame:
			w.captures[in.Seq], w.last = in.Capture, in.Seq
			delete(w.captures, in.Seq-100)
		case in.Kind != sched.InputFinished:
		case in.Instance != w.people:
			w.beside++
			if w.measuring {
				w.nearby++
			}
		case in.Outcome == sched.OutcomeOK:
			w.good++
			w.broken = 0
			w.newest = w.running
		default:
			w.failed++
		}
	}
	for i := range decided {
		switch d := &decided[i]; d.Kind {
		case sched.DecisionRun:
			if d.Instance == w.people {
				w.running = w.captures[d.Seq]
				if d.Seq < w.last {
					w.behind++
				}
			}
		case sched.DecisionHealth:
			if d.Instance == w.people && d.Health == sched.HealthBroken {
				w.broken++
			}
		case sched.DecisionEvent:
			if d.Machine == w.person {
				w.event(&d.Transition, now, d.Capture)
			}
		case sched.DecisionDrop, sched.DecisionAbandon, sched.DecisionSignal, sched.DecisionWake, sched.DecisionSwap:
		}
	}
}

func (w *watch) event(t *event.Transition, now, capture tick.Time) {
	switch t.Kind {
	case event.KindConfirmed:
		w.events++
		if now.Sub(capture) > ttl+late {
			w.old++
		}
	case event.KindEnded:
		if t.At.Sub(w.newest) > ttl+late {
			w.old++
		}
	case event.KindPotential, event.KindUpdated, event.KindIdle:
	}
}

func (w *watch) measure(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measuring = on
}

func (w *watch) now() seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.seen
	out.ticks = slices.Clone(w.ticks)
	return out
}

// limit is how long it may take until the service is asked: the pause before the present probe with its jitter of a quarter, or
// one turn and one run where the detector is not broken. A fault that fails runs may break it by the last of them.
func (w *watch) limit(f *fault) time.Duration {
	n := w.now().broken
	if f != nil && len(f.causes) > 0 {
		n = max(n, 1)
	}
	if n == 0 {
		return time.Second/15 + timeout
	}
	pause := min(sched.ProbeFirst<<min(n-1, 10), sched.ProbeMost)
	return pause + pause/4 + timeout
}

// until waits until ok, at most that long.
func (w *watch) until(ctx context.Context, limit time.Duration, what string, ok func(*seen) bool) error {
	for end := time.Now().Add(limit); ; {
		if s := w.now(); ok(&s) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s", limit, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}
