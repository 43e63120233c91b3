package event

import (
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Explain returns what every leaf says at now, in the order written, and which of them decided. It changes nothing, but
// allocates: it is for records and for people, not for every tick.
//
// A leaf decided if its answer is what made the answer of the whole: the yes parts of a yes, the no parts of a no, the
// unknown parts of an unknown. A part that says the same as the one that settled its group decided too, whichever stands
// first; the parts of a for node decide what it is waiting for.
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
	if n.op.Arity == AritySignal {
		answer = e.leaf(n)
	} else {
		answer = e.group(n)
	}
	if n.slot != noGroup {
		_, answer, _ = e.st.holds[n.slot].next(answer, n.lasting, e.now)
	}
	if answer == Unknown {
		answer = n.over
	}
	return answer
}

// group counts the parts of n and marks the leaves of those that had no part in its answer.
func (e *explainer) group(n *node) Answer {
	type span struct {
		answer Answer
		from   int
	}
	spans := make([]span, len(n.parts))
	var yes, no int
	for i, part := range n.parts {
		spans[i].from = len(e.leaves)
		spans[i].answer = e.node(part)
		switch spans[i].answer {
		case Yes:
			yes++
		case No:
			no++
		case Unknown:
		}
	}
	answer := Unknown
	switch needYes, needNo := n.op.quorum(len(n.parts)); {
	case yes >= needYes:
		answer = Yes
	case no >= needNo:
		answer = No
	}
	for i, s := range spans {
		to := len(e.leaves)
		if i+1 < len(spans) {
			to = spans[i+1].from
		}
		for j := s.from; j < to && s.answer != answer; j++ {
			e.out[j] = true
		}
	}
	if n.op.invert {
		answer = answer.inverse()
	}
	return answer
}

// leaf appends what n says and returns its answer.
func (e *explainer) leaf(n *node) Answer {
	c := &e.cells[n.tests[0].cell]
	l := n.leaf
	l.Value, l.Frame, l.Age = c.Value, c.Frame, -1
	if c.Seen() {
		l.Age = e.now.Sub(c.Capture)
	}
	switch {
	case n.tests[0].op == opAbsent:
		l.Answer, _ = absent(c, e.now)
	case c.Fresh(e.now):
		l.Answer = Yes
		for i := range n.tests {
			if !e.prog.holdsFor(&n.tests[i], &c.Value) {
				l.Answer = No
			}
		}
	}
	e.leaves = append(e.leaves, l)
	e.out = append(e.out, false)
	return l.Answer
}
