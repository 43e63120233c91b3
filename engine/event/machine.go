package event

import (
	"rvo.dev/engine/tick"
)

// Machine is one event on one camera: a condition's answers in, transitions out. The zero Machine is Idle and ready.
// It is not safe for concurrent use.
//
//	state      yes             no                        unknown                      timer
//	Idle       -> Potential    stay                      stay
//	Potential  gap ends        gap starts                gap starts                   hold: -> Confirmed, unless in a gap
//	                                                                                  gap >= Grace: -> Idle
//	Confirmed  both gaps end   gap starts                unknown gap starts           gap >= Grace: ended, no
//	                                                                                  gap >= UnknownGrace: ended, unknown
//	                                                                                  MaxDuration: ended, max
//	Cooldown   stay            stay                      stay                         Cooldown: -> as Idle with the answer
//
// A gap starts at the first such answer since the last yes and runs until the next yes. A hold that is due inside a gap
// waits for yes. Of several timers due at one instant the one listed first decides.
type Machine struct {
	state  State
	answer Answer    // the one that holds
	at     tick.Time // of the last step: nothing happens before it any more
	seq    uint64

	since     tick.Time // Potential, Confirmed: when the answer became yes; Cooldown: when the event ended
	confirmed tick.Time // Confirmed: when it was
	updated   tick.Time // Confirmed: the last update, or when it was confirmed
	no        tick.Time // Potential, Confirmed: the first no since the last yes, tick.Never without
	unknown   tick.Time // Potential, Confirmed: the first unknown since the last yes, tick.Never without
}

// State returns where the machine stands, as of the last Step.
func (m *Machine) State() State { return m.state }

// Since returns when the answer became yes, while Potential or Confirmed; when the event ended, in Cooldown; tick.Never
// while Idle.
func (m *Machine) Since() tick.Time {
	if m.state == Idle {
		return tick.Never
	}
	return m.since
}

// ConfirmedAt returns when the event was confirmed, tick.Never in every state but Confirmed.
func (m *Machine) ConfirmedAt() tick.Time {
	if m.state != Confirmed {
		return tick.Never
	}
	return m.confirmed
}

// Seq returns how many events the machine has confirmed: the number of the last one.
func (m *Machine) Seq() uint64 { return m.seq }

// Answer returns the answer that the last Step gave.
func (m *Machine) Answer() Answer { return m.answer }

// Step tells the machine that the answer is a from now on. It first runs every timer due at or before now, each at its
// own instant and with the answer that held until then, and appends all that happened to out. So what happens does not
// depend on how late or how often Step is called, and at one instant a timer comes before an answer.
//
// cfg must pass Validate. It may change between steps: a timer that is overdue by the new one runs at the last step's
// instant, so step with the old config first. now never goes back.
func (m *Machine) Step(cfg *Config, a Answer, now tick.Time, out []Transition) []Transition {
	out = m.timers(cfg, now, out)
	m.at = now
	m.answer = a
	switch m.state {
	case Idle:
		if a == Yes {
			out = m.begin(cfg, now, out)
		}
	case Potential, Confirmed:
		switch a {
		case Yes:
			m.no, m.unknown = tick.Never, tick.Never
		case No:
			m.no = min(m.no, now)
		case Unknown:
			m.unknown = min(m.unknown, now)
		}
	case Cooldown:
	}
	// What has no duration is due as soon as it starts, and so is a hold that waited for this yes.
	return m.timers(cfg, now, out)
}

// Wake returns when the next timer is due with the answer as it is, tick.Never when none runs.
func (m *Machine) Wake(cfg *Config) tick.Time {
	due, _ := m.next(cfg)
	return due
}

// Stop ends a confirmed event with the reason given and takes the machine back to Idle; in other states it only does the
// latter. It knows no answer from then on and may be stepped again. Step at now first: Stop runs no timers.
func (m *Machine) Stop(reason Reason, now tick.Time, out []Transition) []Transition {
	switch m.state {
	case Idle:
	case Potential:
		out = m.becomeIdle(reason, now, out)
	case Confirmed:
		out = append(out, m.transition(KindEnded, reason, Idle, now))
		m.state = Idle
	case Cooldown:
		out = m.becomeIdle(reason, now, out)
	}
	m.answer, m.at = Unknown, now
	return out
}

// timer is what is due next.
type timer uint8

const (
	// timerNone: nothing is.
	timerNone timer = iota
	// timerHold: a potential event is confirmed.
	timerHold
	// timerNo: a gap outlasts its grace.
	timerNo
	// timerUnknown: an unknown gap outlasts its grace.
	timerUnknown
	// timerMax: a confirmed event has lasted as long as it may.
	timerMax
	// timerUpdate: a confirmed event says that it goes on.
	timerUpdate
	// timerCooldown: the cooldown is over.
	timerCooldown
)

// next returns the timer that is due first, of several at one instant the one whose turn it is.
func (m *Machine) next(cfg *Config) (tick.Time, timer) {
	switch m.state {
	case Idle:
	case Potential:
		gap, which := m.no, timerNo
		if m.unknown < gap {
			gap, which = m.unknown, timerUnknown
		}
		if gap == tick.Never {
			return m.since.Add(cfg.Hold), timerHold
		}
		return gap.Add(cfg.Grace), which
	case Confirmed:
		due, which := tick.Never, timerNone
		earlier := func(t tick.Time, w timer) {
			if t < due {
				due, which = t, w
			}
		}
		if m.no != tick.Never {
			earlier(m.no.Add(cfg.Grace), timerNo)
		}
		if m.unknown != tick.Never {
			earlier(m.unknown.Add(cfg.UnknownGrace), timerUnknown)
		}
		if cfg.HasMax {
			earlier(m.confirmed.Add(cfg.MaxDuration), timerMax)
		}
		if cfg.Updates > 0 {
			earlier(m.updated.Add(cfg.Updates), timerUpdate)
		}
		return due, which
	case Cooldown:
		return m.since.Add(cfg.Cooldown), timerCooldown
	}
	return tick.Never, timerNone
}

// timers runs what is due until now.
func (m *Machine) timers(cfg *Config, now tick.Time, out []Transition) []Transition {
	for {
		due, which := m.next(cfg)
		if which == timerNone || due > now {
			return out
		}
		at := max(due, m.at)
		switch which {
		case timerHold:
			out = m.becomeConfirmed(at, out)
		case timerNo:
			out = m.giveUp(cfg, ReasonNo, at, out)
		case timerUnknown:
			out = m.giveUp(cfg, ReasonUnknown, at, out)
		case timerMax:
			out = m.becomeEnded(cfg, ReasonMax, at, out)
		case timerUpdate:
			m.updated = at
			out = append(out, m.transition(KindUpdated, ReasonNone, Confirmed, at))
		case timerCooldown:
			out = m.becomeIdle(ReasonNone, at, out)
			out = m.resume(cfg, at, out)
		case timerNone:
		}
	}
}

// begin starts an event at the first yes.
func (m *Machine) begin(cfg *Config, at tick.Time, out []Transition) []Transition {
	m.since, m.no, m.unknown = at, tick.Never, tick.Never
	if cfg.Hold == 0 {
		return m.becomeConfirmed(at, out)
	}
	return m.becomePotential(at, out)
}

// resume goes on from Idle with the answer that holds, which may be a yes that nobody will repeat.
func (m *Machine) resume(cfg *Config, at tick.Time, out []Transition) []Transition {
	if m.answer == Yes {
		return m.begin(cfg, at, out)
	}
	return out
}

// giveUp is where a gap leads that outlasted its grace.
func (m *Machine) giveUp(cfg *Config, reason Reason, at tick.Time, out []Transition) []Transition {
	if m.state == Potential {
		return m.becomeIdle(reason, at, out)
	}
	return m.becomeEnded(cfg, reason, at, out)
}

// becomePotential follows Idle.
func (m *Machine) becomePotential(at tick.Time, out []Transition) []Transition {
	out = append(out, m.transition(KindPotential, ReasonNone, Potential, at))
	m.state = Potential
	return out
}

// becomeConfirmed follows Potential, and Idle where there is no hold.
func (m *Machine) becomeConfirmed(at tick.Time, out []Transition) []Transition {
	m.seq++
	m.confirmed, m.updated = at, at
	t := m.transition(KindConfirmed, ReasonNone, Confirmed, at)
	t.ConfirmedAt = at
	m.state = Confirmed
	return append(out, t)
}

// becomeEnded follows Confirmed: to Cooldown, or past it where there is none.
func (m *Machine) becomeEnded(cfg *Config, reason Reason, at tick.Time, out []Transition) []Transition {
	if cfg.Cooldown > 0 {
		out = append(out, m.transition(KindEnded, reason, Cooldown, at))
		m.state, m.since = Cooldown, at
		return out
	}
	if cfg.repeats() {
		panic("event: a config that Validate refuses: it confirms and ends for ever at one instant")
	}
	out = append(out, m.transition(KindEnded, reason, Idle, at))
	m.state = Idle
	return m.resume(cfg, at, out)
}

// becomeIdle follows Potential and Cooldown.
func (m *Machine) becomeIdle(reason Reason, at tick.Time, out []Transition) []Transition {
	out = append(out, m.transition(KindIdle, reason, Idle, at))
	m.state = Idle
	return out
}

// transition returns the step from the present state to another, about the event there is.
func (m *Machine) transition(kind TransitionKind, reason Reason, to State, at tick.Time) Transition {
	t := Transition{
		Kind: kind, Reason: reason, From: m.state, To: to, At: at,
		Since: m.since, ConfirmedAt: tick.Never, Seq: m.seq,
	}
	switch m.state {
	case Confirmed:
		t.ConfirmedAt = m.confirmed
	case Cooldown:
		t.Since = tick.Never
	case Idle, Potential:
	}
	return t
}
