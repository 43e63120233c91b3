package vet

import (
	"fmt"
	"math"
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// logic finds conditions that can never be yes, or never no, from what is known of the values of signals: their types,
// bounds and words. It works bottom up: for each node it computes what must hold of the signals for the node to be yes
// and for it to be no. Signals are taken as independent, and what a node remembers of the past as arbitrary, so what it
// calls impossible is impossible; it does not find everything.
type logic struct {
	emit    func(signal string) *node.Emit
	report  func(c *event.Cond, f flaw)
	domains map[string]domain
	words   map[string][]string // of labels, by signal: those known and those that the condition compares with
}

// flaw is what is wrong with a node.
type flaw struct {
	// answer is the one that the node never gives.
	answer event.Answer
	// outside is set for a leaf all of whose values lie outside the signal's bounds.
	outside bool
	// first and second are two parts that rule each other out, or cover all there is, where two suffice.
	first, second *event.Cond
}

// answers is what must hold for a node to be yes and to be no.
type answers struct{ yes, no facts }

// newLogic returns the analysis of one condition.
func newLogic(c *event.Cond, emit func(string) *node.Emit, report func(*event.Cond, flaw)) *logic {
	l := &logic{emit: emit, report: report, domains: map[string]domain{}, words: map[string][]string{}}
	c.Walk(func(n *event.Cond) {
		for _, cmp := range n.Compare {
			l.words[n.Signal] = append(l.words[n.Signal], labels(cmp)...)
		}
	})
	for name, words := range l.words {
		slices.Sort(words)
		l.words[name] = slices.Compact(words)
	}
	return l
}

// labels returns the words that a comparison names.
func labels(cmp event.Comparison) []string {
	if cmp.Rel == event.In {
		return cmp.Labels
	}
	if cmp.Value.Type() == signal.TypeLabel {
		return []string{cmp.Value.AsLabel()}
	}
	return nil
}

// node returns the answers of a condition. A node that is at fault by itself is reported and then counts as one that can
// be anything, so that nothing around it is reported for the same reason.
func (l *logic) node(c *event.Cond) answers {
	a, at := l.operator(c)
	switch {
	case !a.yes.can:
		at.answer = event.Yes
	case !a.no.can:
		at.answer = event.No
	}
	if at.answer != event.Unknown {
		l.report(c, at)
		a = answers{anything(), anything()}
	}
	if c.For > 0 && a.no.can {
		// It says no also while it was yes for less.
		a.no = l.either(a.no, a.yes)
	}
	if c.Within > 0 {
		// It says yes of the past; for a no, that is of the present too.
		if a.yes.can {
			a.yes = anything()
		}
	}
	switch c.Unknown {
	case event.Yes:
		a.yes = anything()
	case event.No:
		a.no = anything()
	case event.Unknown:
	}
	return a
}

// operator returns the answers of a condition without its modifiers, and where its parts are at odds.
func (l *logic) operator(c *event.Cond) (answers, flaw) {
	switch c.Op {
	case event.OpCompare:
		return l.leaf(c)
	case event.OpAbsent:
		key, d := l.key(c)
		return answers{
			yes: facts{can: true, of: map[string]region{key: {unknown: true}}},
			no:  facts{can: true, of: map[string]region{key: {values: d.all()}}},
		}, flaw{}
	case event.OpAll, event.OpAny, event.OpNot, event.OpAtLeast, event.OpSequence:
	}
	parts := make([]answers, len(c.Of))
	yes, no := make([]facts, len(c.Of)), make([]facts, len(c.Of))
	for i, p := range c.Of {
		parts[i] = l.node(p)
		yes[i], no[i] = parts[i].yes, parts[i].no
	}
	if len(parts) == 0 {
		return answers{anything(), anything()}, flaw{} // compile says so
	}
	switch c.Op {
	case event.OpNot:
		return answers{yes: no[0], no: yes[0]}, flaw{}
	case event.OpAll:
		return l.quorum(c, yes, no, len(parts))
	case event.OpAny:
		return l.quorum(c, yes, no, 1)
	case event.OpAtLeast:
		return l.quorum(c, yes, no, c.N)
	case event.OpSequence:
		// The last part is yes now, whatever the others are.
		return answers{yes: yes[len(yes)-1], no: anything()}, flaw{}
	case event.OpCompare, event.OpAbsent:
	}
	panic(fmt.Sprintf("vet: no operator %d", c.Op))
}

// quorum returns the answers of a node that is yes when n of its parts are and no when more than len - n are no.
func (l *logic) quorum(c *event.Cond, yes, no []facts, n int) (answers, flaw) {
	a := answers{yes: l.some(yes, n), no: l.some(no, len(no)-n+1)}
	var at flaw
	switch {
	case !a.yes.can:
		at.first, at.second = l.clash(c, yes)
	case !a.no.can:
		at.first, at.second = l.clash(c, no)
	}
	return a, at
}

// some returns the facts of at least n of the parts being so.
func (l *logic) some(parts []facts, n int) facts {
	switch {
	case n >= len(parts):
		return fold(parts, anything(), l.both)
	case n <= 1:
		return fold(parts, never(), l.either)
	}
	possible := 0
	for _, p := range parts {
		possible += boolean(p.can)
	}
	if possible < n {
		return never()
	}
	return anything()
}

// clash returns the first two parts whose facts rule each other out, nil where no two alone do.
func (l *logic) clash(c *event.Cond, parts []facts) (first, second *event.Cond) {
	if len(parts) > 64 {
		return nil, nil
	}
	for j := range parts {
		for i := range j {
			if !l.both(parts[i], parts[j]).can {
				return c.Of[i], c.Of[j]
			}
		}
	}
	return nil, nil
}

// leaf returns the answers of a comparison.
func (l *logic) leaf(c *event.Cond) (answers, flaw) {
	emit := l.emit(c.Signal)
	if emit == nil {
		return answers{anything(), anything()}, flaw{}
	}
	key, d := l.key(c)
	// Without the bounds first: what is impossible even so contradicts itself.
	wide := domain{span: span{lo: math.Inf(-1), hi: math.Inf(1)}, whole: d.whole}
	free, yes := wide.all(), d.all()
	for _, cmp := range c.Compare {
		s := l.holds(c.Signal, cmp, wide)
		free, yes = wide.and(free, s), d.and(yes, s)
	}
	if len(c.Compare) == 0 {
		yes = d.norm([]span{{lo: 1, hi: 1}})
		free = yes
	}
	return answers{l.known(key, yes), l.known(key, d.not(yes))}, flaw{outside: len(free) > 0}
}

// known returns the facts of a signal having one of these values.
func (l *logic) known(key string, values set) facts {
	if len(values) == 0 {
		return never()
	}
	return facts{can: true, of: map[string]region{key: {values: values}}}
}

// holds returns the values for which a comparison holds.
func (l *logic) holds(name string, cmp event.Comparison, d domain) set {
	at := func(v float64) set { return d.norm([]span{{lo: v, hi: v}}) }
	equal := func() set {
		switch cmp.Value.Type() {
		case signal.TypeBool:
			return at(float64(boolean(cmp.Value.AsBool())))
		case signal.TypeLabel:
			return at(float64(slices.Index(l.words[name], cmp.Value.AsLabel())))
		case signal.TypeInt, signal.TypeFloat, signal.TypeBoxes, signal.TypeNone:
		}
		return at(cmp.Value.Number())
	}
	up, down := math.Inf(1), math.Inf(-1)
	switch cmp.Rel {
	case event.Eq:
		return equal()
	case event.Ne:
		return d.not(equal())
	case event.Gt:
		return d.norm([]span{{cmp.Value.Number(), up, true, false}})
	case event.Gte:
		return d.norm([]span{{cmp.Value.Number(), up, false, false}})
	case event.Lt:
		return d.norm([]span{{down, cmp.Value.Number(), false, true}})
	case event.Lte:
		return d.norm([]span{{down, cmp.Value.Number(), false, false}})
	case event.In:
		var spans []span
		for _, w := range cmp.Labels {
			i := float64(slices.Index(l.words[name], w))
			spans = append(spans, span{lo: i, hi: i})
		}
		return d.norm(spans)
	}
	panic(fmt.Sprintf("vet: no relation %d", cmp.Rel))
}

// key returns what a leaf reads and the values that can have. Boxes with different filters are different signals.
func (l *logic) key(c *event.Cond) (string, domain) {
	key := c.Camera + "/" + c.Signal
	if c.Filter != nil {
		key += " " + fmt.Sprintf("%+v", *c.Filter)
	}
	d, ok := l.domains[key]
	if !ok {
		d = l.domain(c.Signal)
		l.domains[key] = d
	}
	return key, d
}

// domain returns the values that a signal can have.
func (l *logic) domain(name string) domain {
	d := domain{span: span{lo: math.Inf(-1), hi: math.Inf(1)}}
	emit := l.emit(name)
	if emit == nil {
		return d
	}
	switch emit.Type {
	case signal.TypeBool:
		return domain{span{lo: 0, hi: 1}, true}
	case signal.TypeBoxes:
		return domain{span{lo: 0, hi: math.Inf(1)}, true}
	case signal.TypeLabel:
		words := l.words[name]
		if len(emit.Labels) == 0 {
			// Any other word has the number after those that the condition knows.
			return domain{span{lo: 0, hi: float64(len(words))}, true}
		}
		words = append(slices.Clone(words), emit.Labels...)
		slices.Sort(words)
		l.words[name] = slices.Compact(words)
		return domain{span{lo: 0, hi: float64(len(l.words[name]) - 1)}, true}
	case signal.TypeInt, signal.TypeFloat:
		d.whole = emit.Type == signal.TypeInt
		if emit.Max > emit.Min {
			d.lo, d.hi = emit.Min, emit.Max
		}
	case signal.TypeNone:
	}
	return d
}
