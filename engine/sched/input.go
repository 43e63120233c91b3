package sched

import (
	"fmt"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// InputKind is what happened.
type InputKind uint8

const (
	// InputStart begins the run: every node was opened or given its first chance to. It comes first, once.
	InputStart InputKind = iota
	// InputFrame says that a camera's newest picture is Seq, taken at Capture. The shell holds it from now on until
	// DecisionDrop.
	InputFrame
	// InputCamera says how a camera does: State.
	InputCamera
	// InputFinished says that a run ended, with what came of it.
	InputFinished
	// InputDeadline says nothing but that time has passed: the answer to DecisionWake.
	InputDeadline
	// InputWall says that wall time is core time plus Offset from now on.
	InputWall
	// InputStop ends the run: nothing is started any more and confirmed events end with reason shutdown.
	InputStop
	// InputExternal says that Outputs were told from outside, captured at Capture (0: now). Index is the number of the
	// cell; a value of another type than the cell's is refused.
	InputExternal
	// InputMute says that an operator does not want to hear of Machine until Until (0: wants to again): it goes on, and its
	// transitions say Muted.
	InputMute
	// InputSwap puts another graph in the place of the present one: Swap. Indexes of inputs after it are the new graph's.
	InputSwap
	// InputAway says that what carries out the runs of Instance is gone and on its way back (Away), or that it need not be waited
	// for any more, whether it is back or not. Said again it means that it went and came in between.
	InputAway
)

// String returns the kind's name in logs and transcripts.
func (k InputKind) String() string {
	names := [...]string{"start", "frame", "camera", "finished", "deadline", "wall", "stop", "external", "mute", "swap", "away"}
	if int(k) >= len(names) {
		panic(fmt.Sprintf("sched: no input kind %d", k))
	}
	return names[k]
}

// Outcome is how a run ended.
type Outcome uint8

const (
	// OutcomeOK is a result.
	OutcomeOK Outcome = iota
	// OutcomeFailed is an error that the detector returned.
	OutcomeFailed
	// OutcomePanic is a panic that was contained.
	OutcomePanic
	// OutcomeTimeout is a run that was abandoned: the core decided that itself, a shell reports it only in lockstep,
	// where core time stands still while a run lasts.
	OutcomeTimeout
)

// String returns the outcome's name in logs and metrics.
func (o Outcome) String() string {
	names := [...]string{"ok", "failed", "panic", "timeout"}
	if int(o) >= len(names) {
		panic(fmt.Sprintf("sched: no outcome %d", o))
	}
	return names[o]
}

// Input is one thing that happened, as a value: it can be written to a log and read back.
type Input struct {
	Kind InputKind `json:"kind"`
	Now  tick.Time `json:"now"` // never before the last input's
	// More says that the next input arrived together with this one: both are of one turn. The core is given turns and
	// does not read it.
	More bool `json:"more,omitempty"`

	Camera  int       `json:"camera,omitempty"`  // InputFrame, InputCamera
	Seq     uint64    `json:"seq,omitempty"`     // InputFrame
	Capture tick.Time `json:"capture,omitempty"` // InputFrame, InputExternal

	State CameraState `json:"state,omitzero"` // InputCamera

	Instance int           `json:"instance,omitempty"` // InputAway, InputFinished; there any where a swap took it away: the Job says which run
	Job      uint64        `json:"job,omitempty"`      // InputFinished
	Outcome  Outcome       `json:"outcome,omitempty"`  // InputFinished
	Took     tick.Time     `json:"took,omitempty"`     // InputFinished: duration of the run in nanoseconds
	Outputs  []node.Output `json:"outputs,omitempty"`  // InputFinished with OutcomeOK, InputExternal

	Away bool `json:"away,omitempty"` // InputAway

	Machine int       `json:"machine,omitempty"` // InputMute
	Until   tick.Time `json:"until,omitempty"`   // InputMute

	Swap *Swap `json:"swap,omitempty"` // InputSwap

	Run    string `json:"run,omitempty"`    // InputStart: the run's id
	Offset int64  `json:"offset,omitempty"` // InputStart, InputWall: wall nanoseconds since 1970 at core time 0
}

// NextInput makes room for another input behind ins, in place: to fill in one costs less than to copy it. It is zero.
func NextInput(ins []Input) ([]Input, *Input) {
	n := len(ins)
	if n == cap(ins) {
		ins = append(ins, Input{})
		return ins, &ins[n]
	}
	ins = ins[:n+1]
	ins[n] = Input{}
	return ins, &ins[n]
}

// CameraState is how a camera does.
type CameraState struct {
	Up      bool    `json:"up,omitempty"`      // it gives pictures
	Stalled bool    `json:"stalled,omitempty"` // it is connected and gives none
	Frozen  bool    `json:"frozen,omitempty"`  // its picture has not changed for freezeAfter
	FPS     float64 `json:"fps,omitempty"`     // measured
}

// DecisionKind is what the core asks of the shell.
type DecisionKind uint8

const (
	// DecisionRun starts Instance on frame Seq of its camera (0: on no frame) as Job.
	DecisionRun DecisionKind = iota
	// DecisionAbandon gives Job of Instance up: its thread is to be replaced, its frame stays held until it returns. Where a
	// swap took the detector away, Instance is Gone and the frame is dropped.
	DecisionAbandon
	// DecisionDrop says that nothing will look at frame Seq of Camera any more.
	DecisionDrop
	// DecisionSignal says that Cell has a new value.
	DecisionSignal
	// DecisionEvent says that Machine changed its state.
	DecisionEvent
	// DecisionHealth says that the health of Instance changed to Health.
	DecisionHealth
	// DecisionWake asks for an input at At; it replaces the wake asked for before. Never: none needed. What was due then may
	// have moved away when it comes: the core is asked too early now and then, and never too late.
	DecisionWake
	// DecisionSwap says that another graph is run from now on: indexes of decisions after it are the new graph's.
	DecisionSwap
)

// String returns the kind's name in logs and transcripts.
func (k DecisionKind) String() string {
	names := [...]string{"run", "abandon", "drop", "signal", "event", "health", "wake", "swap"}
	if int(k) >= len(names) {
		panic(fmt.Sprintf("sched: no decision kind %d", k))
	}
	return names[k]
}

// Decision is one thing to do, as a value.
type Decision struct {
	Kind     DecisionKind
	At       tick.Time // DecisionWake: when; DecisionEvent: the instant of the transition
	Camera   int       // DecisionRun, DecisionDrop
	Seq      uint64    // DecisionRun, DecisionDrop
	Instance int       // DecisionRun, DecisionAbandon, DecisionHealth
	Job      uint64    // DecisionRun, DecisionAbandon
	Cell     int       // DecisionSignal
	Machine  int       // DecisionEvent
	Health   Health    // DecisionHealth

	*EventDetail // DecisionEvent, nil for the others: they are made by the thousand, events are not
}

// next makes room for a decision, in place: they are made by the thousand, and copying one costs more than filling it in.
func next(out []Decision) ([]Decision, *Decision) {
	n := len(out)
	if n == cap(out) {
		out = append(out, Decision{})
		return out, &out[n]
	}
	out = out[:n+1]
	out[n] = Decision{}
	return out, &out[n]
}

// EventDetail is what a transition of an event is about.
type EventDetail struct {
	Transition event.Transition
	Leaves     []event.Leaf // of confirmed, updated and ended ones
	Occurrence string       // id of this occurrence of the event
	Capture    tick.Time    // capture time of the newest picture that decided
	Frame      uint64       // that picture's number, 0: none did
	FrameCam   int          // that picture's camera; where none decided the machine's, graph.AllCameras in scope pipeline
	Offset     int64        // wall time minus core time
	Muted      bool         // an operator does not want to hear of it now
	Generation uint64       // of the graph that decided: how many there were, it included
	Revision   string       // of that graph's pipeline
}

// Health is how a detector does on one camera.
type Health uint8

const (
	// HealthOK means that the last run gave a result, or that none was made yet.
	HealthOK Health = iota
	// HealthDegraded means that the last run failed, and fewer than BrokenAfter in a row.
	HealthDegraded
	// HealthBroken means that BrokenAfter runs in a row failed: none is made until the next probe.
	HealthBroken
	// HealthProbing means that one run is let through to see whether it works again.
	HealthProbing
)

// String returns the health's name in logs, metrics and the API.
func (h Health) String() string {
	names := [...]string{"ok", "degraded", "broken", "probing"}
	if int(h) >= len(names) {
		panic(fmt.Sprintf("sched: no health %d", h))
	}
	return names[h]
}

// Cause is why a picture that was offered to a detector was not looked at.
type Cause uint8

// The causes, in the order in which the gates are tried.
const (
	// SkipStopping means that the pipeline is stopping, or that a swap took the detector away.
	SkipStopping Cause = iota
	// SkipFrozen means that the camera shows the same picture for too long.
	SkipFrozen
	// SkipAway means that what carries out its runs is gone and on its way back.
	SkipAway
	// SkipBroken means that the detector is broken and its next probe is not due.
	SkipBroken
	// SkipBackoff means that it overran and is made to pause.
	SkipBackoff
	// SkipLeaked means that too many of its abandoned runs have not come back.
	SkipLeaked
	// SkipBusy means that its last run is still going.
	SkipBusy
	// SkipRate means that its rate cap has not come round.
	SkipRate
	// SkipNeeds means that a signal it needs is not fresh.
	SkipNeeds
	// SkipGate means that its when condition is not yes.
	SkipGate
	// SkipAge means that the picture was older than maxAge when it could have started.
	SkipAge
	// SkipSlots means that others used all CPU slots.
	SkipSlots

	// Causes is how many there are.
	Causes = int(SkipSlots) + 1
)

// String returns the cause's name as it stands in metrics.
func (c Cause) String() string {
	names := [...]string{"stopping", "frozen", "away", "broken", "backoff", "leaked", "busy", "rate", "needs", "gate", "max_age", "slots"}
	if int(c) >= len(names) {
		panic(fmt.Sprintf("sched: no cause %d", c))
	}
	return names[c]
}
