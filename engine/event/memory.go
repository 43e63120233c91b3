package event

import (
	"math"
	"time"

	"rvo.dev/engine/tick"
)

// This file has what nodes remember from one evaluation to the next: each a few words, whatever happened before. Each
// kind has a next, which takes what its part says now and returns what to remember, what to say, and when that may
// change without a new value.

// longAgo is before everything, whatever is taken off or added.
const longAgo tick.Time = math.MinInt64

// notAsked stands for the answer of a part before it was evaluated for the first time: it is none of the answers.
const notAsked = 3

// instant is when an evaluation happens, and whether a deadline of its own brought it about. If so, what the program
// said before held until just before now; otherwise it was a value that changed something, and it held until now.
type instant struct {
	now   tick.Time
	timer bool
}

// until returns how long the answer before lasted.
func (i instant) until() tick.Time {
	if i.timer {
		return i.now - 1
	}
	return i.now
}

// held is the memory of a for node: since when its part is yes, tick.Never while it is not.
type held struct{ since tick.Time }

// next passes a part's answer through a for node of d.
func (h held) next(part Answer, d time.Duration, now tick.Time) (held, Answer, tick.Time) {
	if part != Yes {
		return held{since: tick.Never}, part, tick.Never
	}
	if h.since == tick.Never {
		h.since = now
	}
	if due := h.since.Add(d); now < due {
		return h, No, due
	}
	return h, Yes, tick.Never
}

// recent is the memory of a within node: what its part said last, and the last instant at which it was yes and at which
// it was unknown. What was before its first evaluation is unknown.
type recent struct {
	yes, unknown tick.Time
	part         Answer
}

// next passes a part's answer through a within node of d.
func (r recent) next(part Answer, d time.Duration, at instant) (recent, Answer, tick.Time) {
	switch r.part {
	case Yes:
		r.yes = at.until()
	case Unknown:
		r.unknown = at.until()
	case notAsked:
		r.unknown = at.now - 1
	case No:
	}
	switch part {
	case Yes:
		r.yes = at.now
	case Unknown:
		r.unknown = at.now
	case No:
	}
	r.part = part
	from := at.now - tick.Time(d)
	switch {
	case part == Yes:
		return r, Yes, tick.Never
	case r.yes >= from:
		return r, Yes, after(r.yes.Add(d))
	case part == Unknown:
		return r, Unknown, tick.Never
	case r.unknown >= from:
		return r, Unknown, after(r.unknown.Add(d))
	}
	return r, No, tick.Never
}

// link is the memory of one part of a sequence: when it became yes last, and when the youngest chain of parts began that
// leads up to it. A chain is the first part becoming yes, then the second, and so on.
type link struct {
	rose  tick.Time // longAgo: never
	chain tick.Time // as of now; longAgo: there is none
	prior tick.Time // chain, as it was before the instant rose
	part  Answer    // what it said last
}

// next tells a link what its part says; before is the link of the part before it, nil for the first. Parts that become yes
// at the same instant are not in order: which came first cannot be known, and one instant must not be two steps.
func (l link) next(part Answer, before *link, now tick.Time) link {
	rises := part == Yes && l.part != Yes && l.part != notAsked
	l.part = part
	if !rises {
		return l
	}
	if l.rose != now {
		l.rose, l.prior = now, l.chain
	}
	switch {
	case before == nil:
		l.chain = now
	case before.rose == now:
		l.chain = max(l.chain, before.prior)
	default:
		l.chain = max(l.chain, before.chain)
	}
	return l
}

// sequence says what a sequence comes to whose parts are told.
func sequence(links []link, span time.Duration) Answer {
	last := &links[len(links)-1]
	if last.part == Yes && last.chain != longAgo && last.rose-last.chain <= tick.Time(span) {
		return Yes
	}
	for i := range links {
		if links[i].part == Unknown {
			return Unknown
		}
	}
	return No
}

// after returns the instant after t: the first at which what was so until t is not.
func after(t tick.Time) tick.Time { return t.Add(1) }
