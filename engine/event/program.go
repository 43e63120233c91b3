package event

import (
	"slices"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Program is a condition made runnable: a flat list of instructions over numbered cells. It is immutable and safe for
// concurrent use; what an evaluation remembers is in an EvalState, one for each user of the program.
type Program struct {
	code  []inst
	words [][]string // the lists that label tests look into
	cells []int
	// Sizes of an EvalState: groups open at once, and for nodes.
	groups, holds int
	root          *node // what Explain walks
}

// EvalState is what a program remembers between evaluations, and its scratch space. It belongs to whoever evaluates and is
// not safe for concurrent use.
type EvalState struct {
	groups []quorum // scratch: what is still missing to settle each group
	holds  []held   // how long the part of each for node has been yes
	kept   []Answer // scratch: the answer of each for node in this evaluation
}

// quorum is how many more yes parts make a group yes and how many more no parts make it no.
type quorum struct{ yes, no int32 }

// held is the memory of a for node: since when its part is yes, tick.Never while it is not.
type held struct{ since tick.Time }

// opcode is what an instruction does to the current answer.
type opcode uint8

const (
	opOpen     opcode = iota // begins a group: sets its quorum
	opInt                    // compares an int with a range
	opFloat                  // compares a float with a range
	opCount                  // compares a number of boxes with a range
	opBool                   // compares a bool
	opWord                   // looks a label up in a list
	opAbsent                 // asks whether a signal is missing
	opInvert                 // swaps yes and no
	opOverride               // replaces unknown
	opHold                   // passes the answer through a for node and keeps what comes out
	opKept                   // takes the answer a for node kept
	opNothing                // leaves the answer: the place where a settled group comes out
)

// inst is one instruction, in one cache line. Whatever it does, the answer is then counted in the group it is a part of;
// when that settles the group, the program goes on at end.
type inst struct {
	op     opcode
	negate bool   // tests: yes outside the range or the list
	last   bool   // the group's last part: if it is not settled now, it is unknown
	answer Answer // opOverride: instead of unknown; opBool: what it must be
	cell   int32
	group  int32 // noGroup: a part of none
	end    int32
	slot   int32   // opOpen: the group; opHold, opKept: the for node; opWord: the list
	need   quorum  // opOpen
	lo, hi int64   // opInt, opCount: the range, ends included; opHold: lo is the duration in nanoseconds
	from   float64 // opFloat: the range,
	to     float64 // ends included
}

// Cells returns the indexes of the cells that the program reads, sorted, each once. It must not be changed.
func (p *Program) Cells() []int { return p.cells }

// NewState returns the state of a program that has never been evaluated.
func (p *Program) NewState() *EvalState {
	st := &EvalState{
		groups: make([]quorum, p.groups),
		holds:  make([]held, p.holds),
		kept:   make([]Answer, p.holds),
	}
	for i := range st.holds {
		st.holds[i].since = tick.Never
	}
	return st
}

// Eval returns the answer at now and the next instant at which it may change without a new value: tick.Never if there
// is none. That instant may come early, when nothing changes after all, but never late.
//
// The caller evaluates whenever a cell of Cells changed, and at the returned instant. A caller that is late does the
// same in order: it evaluates with now = the returned instant before it stores a value that came at that instant or after
// it. Then a for node sees every break, and answers do not depend on how late the caller was. now never goes back.
//
// Eval allocates nothing.
func (p *Program) Eval(cells []signal.Cell, st *EvalState, now tick.Time) (Answer, tick.Time) {
	wake := tick.Never
	answer := Unknown
	code := p.code
	for pc := 0; pc < len(code); {
		in := &code[pc]
		pc++
		switch in.op {
		case opOpen:
			st.groups[in.slot] = in.need
			continue
		case opInvert:
			answer = answer.inverse()
		case opOverride:
			if answer == Unknown {
				answer = in.answer
			}
		case opHold:
			var due tick.Time
			h := &st.holds[in.slot]
			*h, answer, due = h.next(answer, time.Duration(in.lo), now)
			st.kept[in.slot] = answer
			wake = min(wake, due)
		case opKept:
			answer = st.kept[in.slot]
		case opNothing:
		case opAbsent:
			var due tick.Time
			answer, due = absent(&cells[in.cell], now)
			wake = min(wake, due)
		case opInt, opFloat, opCount, opBool, opWord:
			// A stale value needs no instant: it stays stale until a new one comes.
			c := &cells[in.cell]
			if !c.Fresh(now) {
				answer = Unknown
				break
			}
			wake = min(wake, after(c.Expiry()))
			answer = No
			if p.holdsFor(in, &c.Value) {
				answer = Yes
			}
		}
		if in.group < 0 {
			continue
		}
		// Parts that are skipped from here need no instant either: as long as the ones looked at say the same, the
		// group is settled the same way.
		q := &st.groups[in.group]
		switch answer {
		case Yes:
			if q.yes--; q.yes == 0 {
				pc = int(in.end)
				continue
			}
		case No:
			if q.no--; q.no == 0 {
				pc = int(in.end)
				continue
			}
		case Unknown:
		}
		if in.last {
			answer = Unknown
			pc = int(in.end)
		}
	}
	return answer, wake
}

// holdsFor reports whether a value passes a test.
func (p *Program) holdsFor(in *inst, v *signal.Value) bool {
	var hit bool
	switch in.op {
	case opInt:
		n := v.AsInt()
		hit = in.lo <= n && n <= in.hi
	case opFloat:
		f := v.Number()
		hit = in.from <= f && f <= in.to
	case opCount:
		n := int64(len(v.AsBoxes()))
		hit = in.lo <= n && n <= in.hi
	case opBool:
		hit = v.AsBool() == (in.answer == Yes)
	case opWord:
		hit = slices.Contains(p.words[in.slot], v.AsLabel())
	case opOpen, opAbsent, opInvert, opOverride, opHold, opKept, opNothing: // no tests: Eval does not ask
	}
	return hit != in.negate
}

// next passes a part's answer through a for node: what it remembers from now on, what it says, and when that may change.
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

// absent says whether a signal is missing, and when that may change.
func absent(c *signal.Cell, now tick.Time) (Answer, tick.Time) {
	if c.Fresh(now) {
		return No, after(c.Expiry())
	}
	if c.Since == tick.Never {
		return Unknown, tick.Never
	}
	if due := c.Since.Add(c.TTL); now < due {
		return Unknown, due
	}
	return Yes, tick.Never
}

// after returns the instant after t: the first at which what was fresh until t is stale.
func after(t tick.Time) tick.Time { return t.Add(1) }
