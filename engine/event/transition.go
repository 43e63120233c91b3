package event

import (
	"fmt"

	"rvo.dev/engine/tick"
)

// State is where an event's machine stands.
type State uint8

const (
	// Idle means that nothing is going on: the answer is no or unknown.
	Idle State = iota
	// Potential means that the answer became yes, and has not been yes for the hold yet.
	Potential
	// Confirmed means that the event happens: it was yes for the hold, and no gap has outlasted its grace since.
	Confirmed
	// Cooldown means that the event ended less than the cooldown ago: answers are noted and change nothing.
	Cooldown
)

// String returns the state's name in records.
func (s State) String() string {
	switch s {
	case Idle:
		return "idle"
	case Potential:
		return "potential"
	case Confirmed:
		return "confirmed"
	case Cooldown:
		return "cooldown"
	}
	panic(fmt.Sprintf("event: no state %d", s))
}

// Reason is why an event ended or was given up.
type Reason uint8

const (
	// ReasonNone is the reason of what is no end.
	ReasonNone Reason = iota
	// ReasonNo means that the answer was no for longer than the grace.
	ReasonNo
	// ReasonUnknown means that there was no answer for longer than the grace for that.
	ReasonUnknown
	// ReasonMax means that the event reached its maxDuration.
	ReasonMax
	// ReasonDisabled means that the event was switched off.
	ReasonDisabled
	// ReasonRemoved means that the event, or its camera, is no longer in the pipeline.
	ReasonRemoved
	// ReasonShutdown means that the program stopped.
	ReasonShutdown
)

// String returns the reason's name in records; empty for ReasonNone.
func (r Reason) String() string {
	switch r {
	case ReasonNone:
		return ""
	case ReasonNo:
		return "no"
	case ReasonUnknown:
		return "unknown"
	case ReasonMax:
		return "max"
	case ReasonDisabled:
		return "disabled"
	case ReasonRemoved:
		return "removed"
	case ReasonShutdown:
		return "shutdown"
	}
	panic(fmt.Sprintf("event: no reason %d", r))
}

// TransitionKind is what a transition is about.
type TransitionKind uint8

const (
	// KindPotential says that the answer became yes and the hold runs.
	KindPotential TransitionKind = iota
	// KindIdle says that a potential event was given up, or that a cooldown is over.
	KindIdle
	// KindConfirmed says that an event happens.
	KindConfirmed
	// KindUpdated says that a confirmed event goes on.
	KindUpdated
	// KindEnded says that a confirmed event is over.
	KindEnded
)

// String returns the kind's name in records.
func (k TransitionKind) String() string {
	switch k {
	case KindPotential:
		return "potential"
	case KindIdle:
		return "idle"
	case KindConfirmed:
		return "confirmed"
	case KindUpdated:
		return "updated"
	case KindEnded:
		return "ended"
	}
	panic(fmt.Sprintf("event: no kind of transition %d", k))
}

// Transition is one thing that happened to a machine.
type Transition struct {
	Kind   TransitionKind
	Reason Reason // why it ended or was given up; ReasonNone for every other transition, and when a cooldown ran out
	From   State
	To     State     // From itself where it is an update
	At     tick.Time // when it happened: a timer's own instant, however late the machine was told
	// Since is when the answer became yes, and ConfirmedAt when the event was confirmed: of the event that the transition
	// is about. ConfirmedAt is tick.Never for a potential event, and both are when the cooldown is over.
	Since       tick.Time
	ConfirmedAt tick.Time
	// Seq is the number of the event on this machine, from 1, given when it is confirmed. Before that it is the number of
	// the one before.
	Seq uint64
}
