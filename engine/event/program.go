package event

import (
	"math"
	"slices"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Program is a condition made runnable: a flat list of instructions over numbered cells. It is immutable and safe for
// concurrent use; what an evaluation remembers is in an EvalState, one for each user of the program.
type Program struct {
	code   []inst
	nums   []compare  // what runs compare
	words  [][]string // the lists that label tests look into
	boxes  []*boxTest // the filters that box tests count with
	cells  []int
	keys   keys  // what each piece of an EvalState belongs to
	links  int   // of all sequences together
	kept   int   // nodes that are evaluated ahead of the rest
	polls  int   // groups that are counted
	root   *node // what Explain walks
	leaves int   // how many it has
}

// EvalState is what a program remembers between evaluations, and its scratch space. It belongs to whoever evaluates and is
// not safe for concurrent use.
type EvalState struct {
	prog *Program
	wake tick.Time // what Eval returned last
	*memories
}

// memories are what a state has on top if its program remembers anything; nil if not, as for most.
type memories struct {
	held    []held
	recent  []recent
	links   []link
	kept    []Answer // scratch: what nodes that remember say in this evaluation
	missing []quorum // scratch: what would settle each group that is counted
}

// quorum is how many more yes parts make a group yes and how many more no parts make it no.
type quorum struct{ yes, no int32 }

// opcode is what an instruction does to the current answer.
type opcode uint8

const (
	opRun      opcode = iota // compares numbers, until one settles it
	opWord                   // looks a label up in a list
	opBoxes                  // compares the number of boxes that pass a filter with a range
	opAbsent                 // asks whether a signal is missing
	opInvert                 // swaps yes and no
	opOverride               // replaces unknown
	opNothing                // leaves the answer: the place where a settled group comes out
	opPoll                   // begins a group that is counted: sets its quorum
	opFor                    // passes the answer through a for node
	opWithin                 // passes the answer through a within node
	opLink                   // tells a sequence what one of its parts says
	opSequence               // asks a sequence
	opKeep                   // keeps the answer for later in this evaluation
	opKept                   // takes it
)

// settleNone is what settles nothing: the answer of an instruction that is a part of no group, or of one that is counted.
const settleNone = 3

// inst is one instruction. Whatever it does, the answer is then taken into the group it is a part of. In most groups one
// answer settles it, No in all and Yes in any, and the program goes on at end; if none did, the group is unknown if a
// part was, which its bit tells, and else the opposite. Groups of atLeast are counted.
type inst struct {
	op     opcode
	last   bool   // the group's last part
	poll   bool   // the part of a group that is counted
	negate bool   // opWord, opBoxes: yes outside the list or the range
	settle Answer // what settles the group; settleNone without one
	answer Answer // opOverride: instead of unknown; opRun: when it is settled
	cell   int32
	end    int32  // where the program goes on when the group is settled
	slot   int32  // which list, filter, memory or kept answer; opRun: the first comparison
	group  int32  // of a counted part: which group; opSequence: how many links; opLink: its place in the sequence
	bit    uint64 // of the group in what is unknown; 0: a part of none
	lo, hi int64  // opBoxes: the range, ends included; opPoll: the quorum; opRun: lo is how many; otherwise a duration
}

// compare compares the whole number that stands for one value with a range, ends included. So one comparison serves all
// types that have an order.
type compare struct {
	lo   int64
	span uint64 // how far the range goes above lo
	cell int32
	stop bool // whether being in the range settles the run, or being outside
}

// maxDepth is how many groups may be open at once: each has a bit of its own, and a leaf with several comparisons is one
// more group.
const maxDepth = 62

// Cells returns the indexes of the cells that the program reads, sorted, each once. It must not be changed.
func (p *Program) Cells() []int { return p.cells }

// Cuts calls f with each number, as signal.Value.Order has it, from which on a comparison with a value of that cell comes out
// otherwise than below it; some more than once. Values that no cut lies between are the same to the program while both are
// fresh, if they are of a type before signal.TypeLabel: all that is asked of those is comparisons.
func (p *Program) Cuts(f func(cell int, at int64)) {
	for i := range p.nums {
		t := &p.nums[i]
		if t.lo != math.MinInt64 {
			f(int(t.cell), t.lo)
		}
		if last := t.lo + int64(t.span); last != math.MaxInt64 {
			f(int(t.cell), last+1)
		}
	}
}

// NewState returns the state of a program that has never been evaluated.
func (p *Program) NewState() *EvalState {
	st := &EvalState{prog: p, wake: tick.Never}
	if p.kept == 0 && p.polls == 0 {
		return st
	}
	st.memories = &memories{
		held:    slices.Repeat([]held{{since: tick.Never}}, len(p.keys.held)),
		recent:  slices.Repeat([]recent{{yes: longAgo, unknown: longAgo, part: notAsked}}, len(p.keys.recent)),
		links:   slices.Repeat([]link{{rose: longAgo, chain: longAgo, prior: longAgo, part: notAsked}}, p.links),
		kept:    make([]Answer, p.kept),
		missing: make([]quorum, p.polls),
	}
	return st
}

// Wake returns the instant that Eval returned last, tick.Never before that.
func (st *EvalState) Wake() tick.Time { return st.wake }

// Clone returns a copy that shares nothing but the program: who explains it elsewhere does not stand in the way of who goes on.
func (st *EvalState) Clone() *EvalState {
	c := *st
	if st.memories == nil {
		return &c
	}
	c.memories = &memories{}
	c.held, c.recent, c.links = slices.Clone(st.held), slices.Clone(st.recent), slices.Clone(st.links)
	c.kept, c.missing = slices.Clone(st.kept), slices.Clone(st.missing)
	return &c
}

// Eval returns the answer at now and the next instant at which it may change without a new value: tick.Never if there
// is none. That instant may come early, when nothing changes after all, but never late.
//
// The caller evaluates whenever a cell of Cells changed, and at the returned instant. A caller that is late does the
// same in order: it evaluates with now = the returned instant before it stores a value that came at that instant or after
// it. Then for, within and sequence see every change, and answers do not depend on how late the caller was. now never
// goes back and is never negative.
//
// Eval allocates nothing.
func (p *Program) Eval(cells []signal.Cell, st *EvalState, now tick.Time) (Answer, tick.Time) {
	if len(p.code) == 1 && p.code[0].op == opRun { // most conditions are nothing else
		answer, wake := run(p.nums, cells, p.code[0].answer, now)
		st.wake = wake
		return answer, wake
	}
	wake := tick.Never
	answer := Unknown
	var unknown uint64 // bit by bit: a part of that group was unknown
	code := p.code
	for pc := 0; pc < len(code); {
		in := &code[pc]
		pc++
		switch in.op {
		case opRun:
			var due tick.Time
			answer, due = run(p.nums[in.slot:int(in.slot)+int(in.lo)], cells, in.answer, now)
			wake = min(wake, due)
		case opWord, opBoxes:
			c := &cells[in.cell]
			answer = Unknown
			if c.Fresh(now) { // a stale value needs no instant: it stays stale until a new one comes
				wake = min(wake, c.Stale())
				answer = p.test(in, &c.Value)
			}
		case opAbsent:
			var due tick.Time
			answer, due = absent(&cells[in.cell], now)
			wake = min(wake, due)
		case opInvert:
			answer = answer.inverse()
		case opOverride:
			if answer == Unknown {
				answer = in.answer
			}
		case opNothing:
		case opPoll:
			st.missing[in.slot] = quorum{int32(in.lo), int32(in.hi)}
			continue
		case opKept:
			answer = st.kept[in.slot]
		case opKeep:
			st.kept[in.slot] = answer
		case opFor:
			var due tick.Time
			h := &st.held[in.slot]
			*h, answer, due = h.next(answer, time.Duration(in.lo), now)
			wake = min(wake, due)
		case opWithin, opLink, opSequence:
			var due tick.Time
			answer, due = st.remember(in, answer, now)
			wake = min(wake, due)
		}
		// Parts that are skipped from here need no instant either: as long as the ones looked at say the same, the
		// group is settled the same way.
		if answer == in.settle {
			unknown &^= in.bit
			pc = int(in.end)
			continue
		}
		if answer == Unknown {
			unknown |= in.bit
		}
		switch {
		case in.last && in.bit != 0:
			answer = Yes + No - in.settle
			if unknown&in.bit != 0 {
				answer = Unknown
				unknown &^= in.bit
			}
		case in.poll:
			if st.missing[in.group].settles(answer) {
				pc = int(in.end)
			} else if in.last {
				answer = Unknown
			}
		}
	}
	st.wake = wake
	return answer, wake
}

// settles takes the answer of one part and reports whether the group is settled by it, as that answer.
func (q *quorum) settles(a Answer) bool {
	switch a {
	case Yes:
		q.yes--
		return q.yes == 0
	case No:
		q.no--
		return q.no == 0
	case Unknown:
	}
	return false
}

// run compares numbers, and is the answer given if one of them settles it; otherwise unknown if one is stale, and else the
// opposite. It returns when that may change too. It is a loop of its own because most conditions are nothing else.
func run(nums []compare, cells []signal.Cell, settled Answer, now tick.Time) (Answer, tick.Time) {
	wake := tick.Never
	stale := false
	for i := range nums {
		t := &nums[i]
		c := &cells[t.cell]
		due := c.Stale()
		if now >= due {
			stale = true
			continue
		}
		wake = min(wake, due)
		if t.in(c.Value.Order()) == t.stop {
			return settled, wake
		}
	}
	if stale {
		return Unknown, wake
	}
	return Yes + No - settled, wake
}

// in reports whether n is in the range.
func (t *compare) in(n int64) bool { return uint64(n-t.lo) <= t.span }

// remember runs an instruction that needs more of what was before than a for.
func (st *EvalState) remember(in *inst, answer Answer, now tick.Time) (Answer, tick.Time) {
	due := tick.Never
	switch in.op {
	case opWithin:
		r := &st.recent[in.slot]
		*r, answer, due = r.next(answer, time.Duration(in.lo), instant{now, st.wake <= now})
	case opLink:
		l := &st.links[in.slot]
		var before *link
		if in.group > 0 {
			before = &st.links[in.slot-1]
		}
		*l = l.next(answer, before, now)
	case opSequence:
		answer = sequence(st.links[in.slot:in.slot+in.group], time.Duration(in.lo))
	case opRun, opWord, opBoxes, opAbsent, opInvert, opOverride, opNothing, opPoll, opFor, opKeep, opKept: // not asked
	}
	return answer, due
}

// test says whether a fresh value passes a test.
func (p *Program) test(in *inst, v *signal.Value) Answer {
	var hit bool
	switch in.op {
	case opWord:
		hit = slices.Contains(p.words[in.slot], v.AsLabel())
	case opBoxes:
		n := p.boxes[in.slot].count(v.AsBoxes())
		hit = in.lo <= n && n <= in.hi
	case opRun, opAbsent, opInvert, opOverride, opNothing, opPoll, opFor, opWithin, opLink, opSequence, opKeep, opKept: // not asked
	}
	if hit != in.negate {
		return Yes
	}
	return No
}

// absent says whether a signal is missing, and when that may change.
func absent(c *signal.Cell, now tick.Time) (Answer, tick.Time) {
	if c.Fresh(now) {
		return No, c.Stale()
	}
	if c.Since == tick.Never {
		return Unknown, tick.Never
	}
	if due := c.Since.Add(c.TTL); now < due {
		return Unknown, due
	}
	return Yes, tick.Never
}
