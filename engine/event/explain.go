package event

import (
	"slices"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Explain returns what every leaf says at now, in the order written, and which of them decided. It changes nothing, but
// allocates what it returns: it is for records and for people, not for every tick.
//
// A leaf decided if its answer is what made the answer of the whole: the yes parts of a yes, the no parts of a no, the
// unknown parts of an unknown. A part that says the same as the one that settled its group decided too, whichever stands
// first; the
// parts of a for or within node decide what it is waiting for or was told. Of boxes that are filtered a leaf has those
// that passed.
func (p *Program) Explain(cells []signal.Cell, st *EvalState, now tick.Time) []Leaf {
	e := explainer{prog: p, cells: cells, st: st, now: now, leaves: make([]Leaf, 0, p.leaves)}
	e.more = make([]span, max(0, p.leaves-fewLeaves))
	e.node(p.root)
	return e.leaves
}

// ExplainTree is Explain with the answers of all parts, groups too, in the order of Cond.Walk.
func (p *Program) ExplainTree(cells []signal.Cell, st *EvalState, now tick.Time) (leaves []Leaf, answers []Answer) {
	e := explainer{prog: p, cells: cells, st: st, now: now, leaves: make([]Leaf, 0, p.leaves), whole: true}
	e.more = make([]span, max(0, p.leaves-fewLeaves))
	e.node(p.root)
	return e.leaves, e.answers
}

// explainer evaluates the whole tree, without short cuts.
type explainer struct {
	prog   *Program
	cells  []signal.Cell
	st     *EvalState
	now    tick.Time
	leaves []Leaf
	// answers are those of all parts, where the whole tree is asked for.
	whole   bool
	answers []Answer
	few     [fewLeaves]span // by where a part begins
	more    []span
}

// node appends the leaves under n and returns its answer.
func (e *explainer) node(n *node) Answer {
	var answer Answer
	at := len(e.answers)
	if e.whole {
		e.answers = append(e.answers, Unknown) // parents come first
	}
	switch {
	case n.arity == AritySignal:
		answer = e.leaf(n)
	case n.op == OpSequence:
		answer = e.sequence(n)
	default:
		answer = e.group(n)
	}
	if n.held.d != 0 {
		_, answer, _ = e.st.held[n.held.slot].next(answer, n.held.d, e.now)
	}
	if n.recent.d != 0 {
		_, answer, _ = e.st.recent[n.recent.slot].next(answer, n.recent.d, instant{e.now, e.st.wake <= e.now})
	}
	if answer == Unknown {
		answer = n.over
	}
	if e.whole {
		e.answers[at] = answer
	}
	return answer
}

// span is what came of one part: its answer, and where the leaves of the next begin.
type span struct {
	answer Answer
	to     int
}

// fewLeaves is how many leaves are explained without allocating more than them: more than people write.
const fewLeaves = 16

// span returns the place for what comes of the part whose leaves begin at from. Parts of parts need it no longer when the
// part that begins with them is done.
func (e *explainer) span(from int) *span {
	if from < fewLeaves {
		return &e.few[from]
	}
	return &e.more[from-fewLeaves]
}

// parts evaluates the parts of n and returns where their leaves begin.
func (e *explainer) parts(n *node) (begin int) {
	begin = len(e.leaves)
	for _, part := range n.parts {
		from := len(e.leaves)
		answer := e.node(part)
		*e.span(from) = span{answer, len(e.leaves)}
	}
	return begin
}

// leave marks the leaves of those parts, from begin on, that had no part in an answer.
func (e *explainer) leave(begin int, answer Answer) {
	for from := begin; from < len(e.leaves); {
		s := e.span(from)
		for i := from; i < s.to && s.answer != answer; i++ {
			e.leaves[i].Decided = false
		}
		from = s.to
	}
}

// group counts the parts of n.
func (e *explainer) group(n *node) Answer {
	begin := e.parts(n)
	var yes, no int32
	for from := begin; from < len(e.leaves); from = e.span(from).to {
		switch e.span(from).answer {
		case Yes:
			yes++
		case No:
			no++
		case Unknown:
		}
	}
	answer := Unknown
	switch {
	case yes >= n.need.yes:
		answer = Yes
	case no >= n.need.no:
		answer = No
	}
	e.leave(begin, answer)
	if n.invert {
		answer = answer.inverse()
	}
	return answer
}

// sequence asks the parts of n in their order. All of them decide a yes or a no, for each is a step of what happened or
// of what did not; of an unknown, those that are.
func (e *explainer) sequence(n *node) Answer {
	begin := e.parts(n)
	links := slices.Clone(e.st.links[n.links : int(n.links)+len(n.parts)])
	from := begin
	for i := range links {
		var before *link
		if i > 0 {
			before = &links[i-1]
		}
		s := e.span(from)
		links[i] = links[i].next(s.answer, before, e.now)
		from = s.to
	}
	answer := sequence(links, n.span)
	if answer == Unknown {
		e.leave(begin, answer)
	}
	return answer
}

// leaf appends what n says and returns its answer.
func (e *explainer) leaf(n *node) Answer {
	c := &e.cells[n.tests[0].cell]
	e.leaves = append(e.leaves, Leaf{
		Path: n.leaf.path, Camera: n.leaf.camera, Signal: n.leaf.signal, Test: n.leaf.test,
		Value: c.Value, Frame: c.Frame, Age: -1, Decided: true, // until a group above is answered without it
	})
	l := &e.leaves[len(e.leaves)-1]
	if c.Seen() {
		l.Age = e.now.Sub(c.Capture)
	}
	switch {
	case n.tests[0].op == opAbsent:
		l.Answer, _ = absent(c, e.now)
	case c.Fresh(e.now):
		l.Answer = Yes
		for i := range n.tests {
			if !e.passes(&n.tests[i], &c.Value) {
				l.Answer = No
			}
		}
	}
	if n.tests[0].op == opBoxes {
		l.Value = signal.Boxes(e.prog.boxes[n.tests[0].slot].passing(c.Value.AsBoxes()))
	}
	return l.Answer
}

// passes reports whether a fresh value passes a test.
func (e *explainer) passes(t *test, v *signal.Value) bool {
	if t.op == opRun {
		return t.num.in(v.Order()) != t.num.stop
	}
	return e.prog.test(&t.inst, v) == Yes
}
