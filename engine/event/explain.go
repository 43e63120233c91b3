package event

import (
	"slices"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Explain returns what every leaf says at now, in the order written, and which of them decided. It changes nothing, but
// allocates: it is for records and for people, not for every tick.
//
// A leaf decided if its answer is what made the answer of the whole: the yes parts of a yes, the no parts of a no, the
// unknown parts of an unknown. A part that says the same as the one that settled its group decided too, whichever stands
// first; the
// parts of a for or within node decide what it is waiting for or was told. Of boxes that are filtered a leaf has those
// that passed.
func (p *Program) Explain(cells []signal.Cell, st *EvalState, now tick.Time) []Leaf {
	e := explainer{prog: p, cells: cells, st: st, now: now}
	e.node(p.root)
	for i := range e.leaves {
		e.leaves[i].Decided = !e.out[i]
	}
	return e.leaves
}

// explainer evaluates the whole tree, without short cuts.
type explainer struct {
	prog   *Program
	cells  []signal.Cell
	st     *EvalState
	now    tick.Time
	leaves []Leaf
	out    []bool // leaf by leaf: some group above it was answered without it
}

// node appends the leaves under n and returns its answer.
func (e *explainer) node(n *node) Answer {
	var answer Answer
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
	return answer
}

// span is the leaves of one part: from where they begin to where the next part's do.
type span struct {
	answer   Answer
	from, to int
}

// parts evaluates the parts of n.
func (e *explainer) parts(n *node) []span {
	spans := make([]span, len(n.parts))
	for i, part := range n.parts {
		from := len(e.leaves)
		spans[i] = span{e.node(part), from, len(e.leaves)}
	}
	return spans
}

// leave marks the leaves of those parts that had no part in an answer.
func (e *explainer) leave(spans []span, answer Answer) {
	for _, s := range spans {
		for j := s.from; j < s.to && s.answer != answer; j++ {
			e.out[j] = true
		}
	}
}

// group counts the parts of n.
func (e *explainer) group(n *node) Answer {
	spans := e.parts(n)
	var yes, no int32
	for _, s := range spans {
		switch s.answer {
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
	e.leave(spans, answer)
	if n.invert {
		answer = answer.inverse()
	}
	return answer
}

// sequence asks the parts of n in their order. All of them decide a yes or a no, for each is a step of what happened or
// of what did not; of an unknown, those that are.
func (e *explainer) sequence(n *node) Answer {
	spans := e.parts(n)
	links := slices.Clone(e.st.links[n.links : int(n.links)+len(spans)])
	for i := range links {
		var before *link
		if i > 0 {
			before = &links[i-1]
		}
		links[i] = links[i].next(spans[i].answer, before, e.now)
	}
	answer := sequence(links, n.span)
	if answer == Unknown {
		e.leave(spans, answer)
	}
	return answer
}

// leaf appends what n says and returns its answer.
func (e *explainer) leaf(n *node) Answer {
	c := &e.cells[n.tests[0].cell]
	l := Leaf{
		Path: n.leaf.path, Camera: n.leaf.camera, Signal: n.leaf.signal, Test: n.leaf.test,
		Value: c.Value, Frame: c.Frame, Age: -1,
	}
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
	e.leaves = append(e.leaves, l)
	e.out = append(e.out, false)
	return l.Answer
}

// passes reports whether a fresh value passes a test.
func (e *explainer) passes(t *test, v *signal.Value) bool {
	if t.op == opRun {
		return t.num.in(v.Order()) != t.num.stop
	}
	return e.prog.test(&t.inst, v) == Yes
}
