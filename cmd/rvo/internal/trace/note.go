package trace

import (
	"errors"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// kind is what a note is about.
type kind uint8

const (
	noteTurn   kind = iota // a turn by the indexes of g
	noteWall               // wall time is core time plus offset
	noteFrame              // the core took a picture
	noteRun                // a run began
	noteFailed             // why the run that ends next did not end well
	noteEnd                // a run ended
	noteGiveUp             // a run was abandoned
	noteSignal             // a signal has a new value
	noteEvent              // an event happens
	noteClip               // what became of a clip
)

// note is one thing that happened, as the live path leaves it.
type note struct {
	kind     kind
	outcome  sched.Outcome
	now      tick.Time // of the turn
	capture  tick.Time
	index    int // of the camera, the instance, the cell or the machine
	seq, job uint64
	offset   int64 // noteWall; of a clip the wall time

	// Of some only: they point elsewhere so that the others are small.
	g     *graph.Graph
	why   *node.Failure
	text  string // of an error that is no node.Failure
	event *happened
	clip  *evidence.Result
}

// happened is an event that was confirmed.
type happened struct {
	at         event.Transition
	occurrence string
	frame      uint64
	camera     int
}

// put appends a note; the lock is held.
func (t *Tracer) put(n note) {
	if len(t.notes) == cap(t.notes) {
		t.dropped.Inc()
		return
	}
	t.notes = append(t.notes, n)
}

// Failed implements engine.Tracer.
func (t *Tracer) Failed(job uint64, err error) {
	n := note{kind: noteFailed, job: job}
	if why, ok := errors.AsType[*node.Failure](err); ok {
		n.why = why
	} else {
		n.text = err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(n)
}

// Turn implements engine.Tracer.
func (t *Tracer) Turn(g, next *graph.Graph, ins []sched.Input, decided []sched.Decision) {
	now := ins[0].Now // of all of them
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(note{kind: noteTurn, now: now, g: g})
	for i := range ins {
		switch in := &ins[i]; in.Kind {
		case sched.InputStart, sched.InputWall:
			t.put(note{kind: noteWall, offset: in.Offset})
		case sched.InputFrame:
			t.put(note{kind: noteFrame, now: now, index: in.Camera, seq: in.Seq, capture: in.Capture})
		case sched.InputFinished:
			t.put(note{kind: noteEnd, now: now, job: in.Job, outcome: in.Outcome})
		case sched.InputDeadline, sched.InputCamera, sched.InputStop, sched.InputExternal, sched.InputMute, sched.InputSwap, sched.InputAway:
		}
	}
	for i := range decided {
		switch d := &decided[i]; d.Kind {
		case sched.DecisionSwap:
			t.put(note{kind: noteTurn, now: now, g: next})
		case sched.DecisionRun:
			t.put(note{kind: noteRun, now: now, index: d.Instance, seq: d.Seq, job: d.Job})
		case sched.DecisionAbandon:
			t.put(note{kind: noteGiveUp, now: now, job: d.Job})
		case sched.DecisionSignal:
			t.put(note{kind: noteSignal, now: now, index: d.Cell})
		case sched.DecisionEvent:
			if d.Transition.Kind == event.KindConfirmed {
				t.put(note{kind: noteEvent, now: now, index: d.Machine, capture: d.Capture, event: &happened{d.Transition, d.Occurrence, d.Frame, d.FrameCam}})
			}
		case sched.DecisionDrop, sched.DecisionHealth, sched.DecisionWake:
		}
	}
}

// Clip implements engine.Tracer.
func (t *Tracer) Clip(r *evidence.Result) {
	c := *r
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(note{kind: noteClip, clip: &c, offset: time.Now().UnixNano()})
}
