package sched

import (
	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// MachineLook is where an event stands on a camera, for people.
type MachineLook struct {
	State event.State
	// Answer is that of its condition, No outside of its hours.
	Answer event.Answer
	// AnswerSince is when the answer became what it is, Since what event.Machine says, Confirmed when it was.
	AnswerSince, Since, Confirmed tick.Time
	Seq                           uint64
	// Muted is until when nobody wants to hear of it; 0: somebody does.
	Muted tick.Time
}

// Machine returns where an event stands. It allocates nothing.
func (c *Core) Machine(i int) MachineLook {
	w := &c.watches[c.machines[i]]
	return MachineLook{
		State: w.m.State(), Answer: w.answer, AnswerSince: w.since, Since: w.m.Since(), Confirmed: w.m.ConfirmedAt(), Seq: w.m.Seq(),
		Muted: w.muted,
	}
}

// Remembered returns a copy of what the condition of an event remembers: with the cells it explains the answer.
func (c *Core) Remembered(machine int) *event.EvalState {
	return c.watches[c.machines[machine]].state.Clone()
}
