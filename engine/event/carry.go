package event

import (
	"slices"

	"rvo.dev/engine/tick"
)

// Carry takes over what another program's state remembers, where both programs ask the same: since when a for holds, when
// a within was yes, how far a sequence has come. An edit elsewhere in the condition, and of the durations themselves, loses
// nothing; what is new begins now. Both states are of the same camera, old is not used any more, and the values of its
// cells are those of the new program's: bring it up to date first, with every deadline until now.
func (st *EvalState) Carry(old *EvalState) {
	to, from := &st.prog.keys, &old.prog.keys
	st.wake = old.wake
	for i, k := range to.held {
		if j := slices.Index(from.held, k); j >= 0 {
			st.held[i] = old.held[j]
		}
	}
	for i, k := range to.recent {
		if j := slices.Index(from.recent, k); j >= 0 {
			st.recent[i] = old.recent[j]
		}
	}
	for _, k := range to.chain {
		j := slices.IndexFunc(from.chain, func(c chainKey) bool { return c.key == k.key })
		if j >= 0 {
			first := from.chain[j].first
			copy(st.links[k.first:int(k.first)+k.n], old.links[first:int(first)+k.n])
		}
	}
}

// Continues reports whether a state of old can go on as a state of p as it is: both remember the same in the same places. Two
// programs with the same Key need not, for they may be written in another order.
func (p *Program) Continues(old *Program) bool {
	a, b := &p.keys, &old.keys
	return p.kept == old.kept && p.polls == old.polls && p.links == old.links &&
		slices.Equal(a.held, b.held) && slices.Equal(a.recent, b.recent) && slices.Equal(a.chain, b.chain)
}

// Resume makes a state one of p, which continues the program that it was made by: what Carry into a new state would come to,
// without another state.
func (st *EvalState) Resume(p *Program) { st.prog = p }

// Carry makes m go on where old stands, as an edit of the pipeline does that keeps the event: its state and since when, its
// cooldown, its number. sameCondition says that the condition asks what it asked, by Program.Key; the config may be
// another, and then what is overdue by it happens in the next Step: a shorter hold may confirm at once.
//
// With another condition nothing that the old one said holds any more: a potential event is given up, which is appended to
// out, and gaps end. A confirmed event goes on until the new condition ends it, and a cooldown is kept, so that an edit
// cannot make a storm of events. Step old at now first, and m with the present answer afterwards.
func (m *Machine) Carry(old Machine, sameCondition bool, now tick.Time, out []Transition) []Transition {
	*m = old
	if sameCondition {
		return out
	}
	m.answer, m.at = Unknown, now
	switch m.state {
	case Potential:
		return m.becomeIdle(ReasonRemoved, now, out)
	case Confirmed:
		m.no, m.unknown = tick.Never, tick.Never
	case Idle, Cooldown:
	}
	return out
}
