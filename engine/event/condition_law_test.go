package event

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// past is all that ever happened to a few signals, in nanoseconds from 0: what the naive twin looks everything up in.
type past struct {
	types []signal.Type
	ttl   []int
	news  []news
	known map[question]Answer // what was looked up already: nested conditions ask again and again
}

// question is one node with its first modifiers, at one moment.
type question struct {
	cond      *Cond
	modifiers int
	at        moment
}

// ask answers a question once.
func (p *past) ask(c *Cond, modifiers int, m moment, how func(*Cond, moment) Answer) Answer {
	q := question{c, modifiers, m}
	a, ok := p.known[q]
	if !ok {
		a = how(c, m)
		p.known[q] = a
	}
	return a
}

// news is a value that came, or the start of a producer.
type news struct {
	at, cell int
	value    signal.Value
	capture  int
	started  bool
}

// moment is an instant before (even) or after (odd) its news came: a timer that is due at an instant comes before them.
type moment int

func (m moment) at() int { return int(m) / 2 }

// known reports whether a piece of news has come by m.
func (n *news) known(m moment) bool { return n.at < m.at() || n.at == m.at() && m%2 == 1 }

// fresh returns the value of a cell that decides at m.
func (p *past) fresh(cell int, m moment) (signal.Value, bool) {
	var newest *news
	for i := range p.news {
		n := &p.news[i]
		if n.cell == cell && !n.started && n.known(m) && (newest == nil || n.capture >= newest.capture) {
			newest = n
		}
	}
	if newest == nil || m.at()-newest.capture > p.ttl[cell] {
		return signal.Value{}, false
	}
	return newest.value, true
}

// silent says whether a cell is absent at m.
func (p *past) silent(cell int, m moment) Answer {
	if _, ok := p.fresh(cell, m); ok {
		return No
	}
	for i := range p.news {
		if n := &p.news[i]; n.cell == cell && n.started && n.known(m) && m.at()-n.at >= p.ttl[cell] {
			return Yes
		}
	}
	return Unknown
}

// answer says what a condition says at m: by looking at the whole past, recursively, node by node, from the definitions.
func (p *past) answer(c *Cond, m moment) Answer {
	a := p.ask(c, 2, m, p.recently)
	if a == Unknown {
		return c.Unknown
	}
	return a
}

// recently is answer without the unknown modifier.
func (p *past) recently(c *Cond, m moment) Answer {
	if c.Within == 0 {
		return p.ask(c, 1, m, p.lasting)
	}
	var seen [Yes + 1]bool
	from := m.at() - int(c.Within)
	for i := m; i >= 0 && i.at() >= from; i-- {
		seen[p.ask(c, 1, i, p.lasting)] = true
	}
	seen[Unknown] = seen[Unknown] || from < 0 // the history is shorter
	switch {
	case seen[Yes]:
		return Yes
	case seen[Unknown]:
		return Unknown
	}
	return No
}

// lasting is recently without the within modifier.
func (p *past) lasting(c *Cond, m moment) Answer {
	a := p.ask(c, 0, m, p.plain)
	if a != Yes || c.For == 0 {
		return a
	}
	since := m
	for since > 0 && p.ask(c, 0, since-1, p.plain) == Yes {
		since--
	}
	if m.at()-since.at() >= int(c.For) {
		return Yes
	}
	return No
}

// plain is answer without modifiers.
func (p *past) plain(c *Cond, m moment) Answer {
	var yes, no int
	for _, part := range c.Of {
		switch p.answer(part, m) {
		case Yes:
			yes++
		case No:
			no++
		case Unknown:
		}
	}
	says := func(toYes, toNo bool) Answer {
		switch {
		case toYes:
			return Yes
		case toNo:
			return No
		}
		return Unknown
	}
	switch c.Op {
	case OpAll:
		return says(yes == len(c.Of), no > 0)
	case OpAny:
		return says(yes > 0, no == len(c.Of))
	case OpNot:
		return says(no == 1, yes == 1)
	case OpAtLeast:
		return says(yes >= c.N, len(c.Of)-no < c.N)
	case OpSequence:
		return says(p.inOrder(c, m), yes+no == len(c.Of))
	case OpAbsent:
		return p.silent(cellOf(c), m)
	case OpCompare:
	}
	v, ok := p.fresh(cellOf(c), m)
	if !ok {
		return Unknown
	}
	if c.Filter != nil {
		v = signal.Boxes(slices.DeleteFunc(slices.Clone(v.AsBoxes()), func(b signal.Box) bool { return !counts(c.Filter, b) }))
	}
	for _, cmp := range c.Compare {
		if !related(v, cmp) {
			return No
		}
	}
	return says(len(c.Compare) > 0 || v.AsBool(), true)
}

// rises reports whether a condition becomes yes at m.
func (p *past) rises(c *Cond, m moment) bool {
	return m > 0 && p.answer(c, m) == Yes && p.answer(c, m-1) != Yes
}

// inOrder reports whether the last part of a sequence is yes, and became it after the others in their order and in time.
func (p *past) inOrder(c *Cond, m moment) bool {
	last := len(c.Of) - 1
	if p.answer(c.Of[last], m) != Yes {
		return false
	}
	for !p.rises(c.Of[last], m) {
		if m--; m < 0 {
			return false // it has always been
		}
	}
	end := m.at()
	var chain func(part, before int) bool
	chain = func(part, before int) bool {
		if part < 0 {
			return true
		}
		for i := moment(2*before - 1); i > 0 && i.at() >= end-int(c.Span); i-- {
			if p.rises(c.Of[part], i) && chain(part-1, i.at()) {
				return true
			}
		}
		return false
	}
	return chain(last-1, end)
}

// The picture of the law has a zone, its left half, and a mask, its lower right quarter.
var (
	lawZone = signal.Polygon{{X: 0, Y: 0}, {X: 0.5, Y: 0}, {X: 0.5, Y: 1}, {X: 0, Y: 1}}
	lawMask = signal.Polygon{{X: 0.5, Y: 0.5}, {X: 1, Y: 0.5}, {X: 1, Y: 1}, {X: 0.5, Y: 1}}
)

// counts says whether a box passes a filter, for the zone and the mask above; no coordinate drawn lies on their sides.
func counts(f *BoxFilter, b signal.Box) bool {
	x, y := b.X+b.W/2, b.Y+b.H
	if f.Anchor == AnchorCenter {
		y = b.Y + b.H/2
	}
	left := x < 0.5
	within := func(v float32, least, most float64) bool {
		return float64(v) >= least && (most == 0 || float64(v) <= most)
	}
	return (left || y < 0.5) && (len(f.Zones) == 0 || left) && (len(f.Outside) == 0 || !left) &&
		(len(f.Labels) == 0 || slices.Contains(f.Labels, b.Label)) &&
		within(b.Score, f.MinScore, f.MaxScore) && within(b.W*b.H, f.MinArea, f.MaxArea) && within(b.W/b.H, f.MinRatio, f.MaxRatio)
}

// related compares as one would on paper. The numbers drawn are small, so that floats hold them exactly.
func related(v signal.Value, cmp Comparison) bool {
	x, y := v.Number(), cmp.Value.Number()
	same := x == y
	if v.Type() == signal.TypeLabel {
		same = v.AsLabel() == cmp.Value.AsLabel()
	}
	switch cmp.Rel {
	case Eq:
		return same
	case Ne:
		return !same
	case Gt:
		return x > y
	case Gte:
		return x >= y
	case Lt:
		return x < y
	case Lte:
		return x <= y
	case In:
		return slices.Contains(cmp.Labels, v.AsLabel())
	}
	panic("no relation")
}

// cellOf reads the cell from a signal's name: s3.
func cellOf(c *Cond) int {
	var i int
	if _, err := fmt.Sscanf(c.Signal, "s%d", &i); err != nil {
		panic(err)
	}
	return i
}

// drawnPast draws signals of every type and what happens to them until end.
func drawnPast(t *rapid.T, end int) *past {
	p := &past{known: map[question]Answer{}}
	for range rapid.IntRange(1, 5).Draw(t, "signals") {
		p.types = append(p.types, signal.Type(rapid.IntRange(int(signal.TypeBool), int(signal.TypeBoxes)).Draw(t, "type")))
		p.ttl = append(p.ttl, rapid.IntRange(0, 12).Draw(t, "ttl"))
	}
	for cell := range p.types {
		if rapid.IntRange(0, 3).Draw(t, "starts") > 0 {
			p.news = append(p.news, news{at: rapid.IntRange(0, end).Draw(t, "started"), cell: cell, started: true})
		}
	}
	for range rapid.IntRange(0, 30).Draw(t, "values") {
		cell := rapid.IntRange(0, len(p.types)-1).Draw(t, "cell")
		at := rapid.IntRange(0, end).Draw(t, "at")
		p.news = append(p.news, news{
			at: at, cell: cell, value: drawnValue(t, p.types[cell], "value"),
			capture: at - rapid.IntRange(0, 6).Draw(t, "age"),
		})
	}
	slices.SortStableFunc(p.news, func(a, b news) int { return a.at - b.at })
	return p
}

func drawnValue(t *rapid.T, typ signal.Type, name string) signal.Value {
	n := rapid.IntRange(-1, 2).Draw(t, name)
	switch typ {
	case signal.TypeBool:
		return signal.Bool(n > 0)
	case signal.TypeInt:
		return signal.Int(int64(n))
	case signal.TypeFloat:
		return signal.Float(float64(n) / 2)
	case signal.TypeLabel:
		return signal.Label(string(rune('a' + n + 1)))
	case signal.TypeBoxes:
		boxes := make([]signal.Box, n+1)
		for i := range boxes {
			// In sixteenths of the picture, so that every number and product is exact.
			part := func(what string, least, most int) float32 {
				return float32(rapid.IntRange(least, most).Draw(t, what)) / 16
			}
			boxes[i] = signal.Box{
				X: part("x", 0, 6)*2 + 1./32, Y: part("y", 0, 3)*2 + 1./32, W: part("w", 1, 3) * 2, H: part("h", 1, 4) * 2,
				Score: part("score", 0, 16), Label: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "label"),
			}
		}
		return signal.Boxes(boxes)
	case signal.TypeNone:
	}
	panic("no type")
}

// drawnCond draws a condition that Compile takes.
func drawnCond(t *rapid.T, types []signal.Type, depth int) *Cond {
	c := &Cond{Op: Op(rapid.IntRange(0, int(OpSequence)).Draw(t, "op"))}
	if depth == 0 {
		c.Op %= OpAll
	}
	if rapid.IntRange(0, 2).Draw(t, "has for") == 0 {
		c.For = time.Duration(rapid.IntRange(1, 8).Draw(t, "for"))
	}
	if rapid.IntRange(0, 3).Draw(t, "has within") == 0 {
		c.Within = time.Duration(rapid.IntRange(1, 8).Draw(t, "within"))
	}
	if rapid.IntRange(0, 3).Draw(t, "has unknown") == 0 {
		c.Unknown = Answer(rapid.IntRange(int(No), int(Yes)).Draw(t, "unknown"))
	}
	cell := rapid.IntRange(0, len(types)-1).Draw(t, "signal")
	switch c.Op {
	case OpCompare:
		c.Signal = fmt.Sprintf("s%d", cell)
		c.Compare = drawnComparisons(t, types[cell])
		if types[cell] == signal.TypeBoxes {
			c.Filter = drawnFilter(t)
		}
	case OpAbsent:
		c.Signal = fmt.Sprintf("s%d", cell)
	case OpAll, OpAny:
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			c.Of = append(c.Of, drawnCond(t, types, depth-1))
		}
	case OpNot:
		c.Of = []*Cond{drawnCond(t, types, depth-1)}
	case OpAtLeast:
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			c.Of = append(c.Of, drawnCond(t, types, depth-1))
		}
		c.N = rapid.IntRange(1, len(c.Of)).Draw(t, "n")
	case OpSequence:
		for range rapid.IntRange(2, 3).Draw(t, "parts") {
			c.Of = append(c.Of, drawnCond(t, types, depth-1))
		}
		c.Span = time.Duration(rapid.IntRange(1, 20).Draw(t, "span"))
	}
	return c
}

// drawnFilter draws a filter, most often one that asks little. Because of the mask there is always one.
func drawnFilter(t *rapid.T) *BoxFilter {
	f := &BoxFilter{}
	sometimes := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	limits := func(name string, least, most *float64, unit float64) {
		if sometimes("min " + name) {
			*least = float64(rapid.IntRange(0, 8).Draw(t, name)) * unit
		}
		if sometimes("max " + name) {
			*most = max(*least, float64(rapid.IntRange(1, 16).Draw(t, name))*unit)
		}
	}
	limits("score", &f.MinScore, &f.MaxScore, 1./16)
	limits("area", &f.MinArea, &f.MaxArea, 1./64)
	limits("ratio", &f.MinRatio, &f.MaxRatio, 1./4)
	if sometimes("labels") {
		f.Labels = rapid.SampledFrom([][]string{{"a"}, {"b"}, {"a", "b"}}).Draw(t, "labels of")
	}
	if sometimes("zones") {
		f.Zones = []string{"left"}
	} else if sometimes("outside") {
		f.Outside = []string{"left"}
	}
	if sometimes("anchor") {
		f.Anchor = AnchorCenter
	}
	return f
}

func drawnComparisons(t *rapid.T, typ signal.Type) []Comparison {
	least := 1
	if typ == signal.TypeBool {
		least = 0
	}
	var list []Comparison
	for range rapid.IntRange(least, 3).Draw(t, "comparisons") {
		cmp := Comparison{Rel: Rel(rapid.IntRange(int(Eq), int(Lte)).Draw(t, "rel"))}
		switch typ {
		case signal.TypeBool:
			cmp.Rel = min(cmp.Rel, Ne)
			cmp.Value = drawnValue(t, typ, "constant")
		case signal.TypeLabel:
			cmp.Rel = []Rel{Eq, Ne, In}[cmp.Rel%3]
			cmp.Value = drawnValue(t, typ, "constant")
			if cmp.Rel == In {
				cmp.Value, cmp.Labels = signal.Value{}, []string{cmp.Value.AsLabel(), "d"}
			}
		case signal.TypeInt, signal.TypeFloat, signal.TypeBoxes:
			number := signal.TypeInt
			if (typ == signal.TypeFloat || cmp.Rel >= Gt) && rapid.Bool().Draw(t, "fraction") {
				number = signal.TypeFloat
			}
			cmp.Value = drawnValue(t, number, "constant")
		case signal.TypeNone:
		}
		list = append(list, cmp)
	}
	return list
}

// compiled compiles a condition over signals named s0, s1, … in order.
func compiled(t *rapid.T, c *Cond, types []signal.Type) *Program {
	p, err := Compile(c, Resolver{Cell: func(_, name string) (CellRef, bool) {
		i := cellOf(&Cond{Signal: name})
		return CellRef{Cell: i, Type: types[i]}, true
	}, Zone: func(_, name string) (signal.Polygon, bool) {
		return lawZone, name == "left"
	}, Masks: func(string) []signal.Polygon {
		return []signal.Polygon{lawMask}
	}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// TestConditionLaw evaluates only when a value came and at the instants that Eval asked for, and compares every instant
// with the naive twin: so the answer is right, and no wake time is later than a change. Evaluating more often than asked
// changes nothing, and neither does explaining.
func TestConditionLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 30
		past := drawnPast(t, end)
		c := drawnCond(t, past.types, 3)
		p := compiled(t, c, past.types)
		cells := make([]signal.Cell, len(past.types))
		for i := range cells {
			cells[i].TTL, cells[i].Since = time.Duration(past.ttl[i]), tick.Never
		}
		st := p.NewState()
		more := rapid.SliceOfN(rapid.Bool(), end+1, end+1).Draw(t, "evaluate more often")
		answer, wake := p.Eval(cells, st, 0)
		news := past.news
		for i := range end + 1 {
			now := tick.Time(i)
			if wake < now {
				t.Fatalf("%s: woken at %s already", now, wake)
			}
			if wake == now || more[i] {
				answer, wake = p.Eval(cells, st, now)
			}
			check(t, "before its values", past, c, moment(2*i), answer, p, cells, st)
			changed := false
			for ; len(news) > 0 && news[0].at == i; news = news[1:] {
				n := news[0]
				changed = true
				if n.started {
					cells[n.cell].Since = now
				} else {
					cells[n.cell].Set(n.value, tick.Time(n.capture), now, 0)
				}
			}
			if changed {
				answer, wake = p.Eval(cells, st, now)
			}
			check(t, "after its values", past, c, moment(2*i+1), answer, p, cells, st)
			if wake <= now {
				t.Fatalf("at %s Eval wants to be called at %s: must be later", now, wake)
			}
		}
	})
}

// check compares an answer and its explanation with the twin's.
func check(t *rapid.T, when string, past *past, c *Cond, m moment, answer Answer, p *Program, cells []signal.Cell, st *EvalState) {
	now := tick.Time(m.at())
	if want := past.answer(c, m); answer != want {
		t.Fatalf("at %s %s: %s, must be %s", now, when, answer, want)
	}
	before := st.Clone()
	leaves := p.Explain(cells, st, now)
	if !reflect.DeepEqual(before, st) {
		t.Fatalf("at %s: Explain changed the state", now)
	}
	// Explain has no answer of its own to return, but goes by one.
	e := explainer{prog: p, cells: cells, st: st, now: now, more: make([]span, p.leaves)}
	if got := e.node(p.root); got != answer {
		t.Fatalf("at %s %s: explained as %s, evaluated as %s", now, when, got, answer)
	}
	same, answers := p.ExplainTree(cells, st, now)
	if !reflect.DeepEqual(same, leaves) {
		t.Fatalf("at %s: the tree's leaves are %+v, must be %+v", now, same, leaves)
	}
	c.Walk(func(part *Cond) {
		if want := past.answer(part, m); len(answers) == 0 || answers[0] != want {
			t.Fatalf("at %s %s: the part %s is explained as %v, must be %s", now, when, part.Op, answers, want)
		}
		answers = answers[1:]
	})
	if len(answers) > 0 {
		t.Fatalf("at %s: %d parts more than there are", now, len(answers))
	}
	i, decided := 0, false
	c.Walk(func(leaf *Cond) {
		if len(leaf.Of) > 0 {
			return
		}
		if want := past.ask(leaf, 0, m, past.plain); leaves[i].Answer != want || leaves[i].Signal != leaf.Signal {
			t.Fatalf("at %s %s: leaf %d explained as %+v, must be %s of %s", now, when, i, leaves[i], want, leaf.Signal)
		}
		decided = decided || leaves[i].Decided
		i++
	})
	if i != len(leaves) || !decided {
		t.Fatalf("at %s: %d leaves explained of %d, some decided: %t", now, len(leaves), i, decided)
	}
}

// TestDecidedLaw: what did not decide a yes or a no may be anything, and the answer is the same.
func TestDecidedLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := make([]signal.Type, 8)
		for i := range types {
			types[i] = signal.TypeBool
		}
		c := drawnCond(t, types, 3)
		var leaves []*Cond
		c.Walk(func(n *Cond) {
			n.For, n.Within, n.Unknown, n.Filter = 0, 0, Unknown, nil
			if n.Op == OpSequence { // it looks at what was, and this law at what is
				n.Op, n.Span = OpAll, 0
			}
			if len(n.Of) == 0 {
				n.Op, n.Compare, n.Signal = OpCompare, nil, fmt.Sprintf("s%d", len(leaves))
				leaves = append(leaves, n)
			}
		})
		types = make([]signal.Type, len(leaves))
		cells := make([]signal.Cell, len(leaves))
		set := func(i int) {
			types[i], cells[i] = signal.TypeBool, signal.Cell{}
			if n := rapid.IntRange(0, 2).Draw(t, "says"); n > 0 {
				cells[i].Set(signal.Bool(n == 1), 0, 0, 0)
			}
		}
		for i := range leaves {
			set(i)
		}
		p := compiled(t, c, types)
		st := p.NewState()
		answer, _ := p.Eval(cells, st, 0)
		if answer == Unknown {
			return
		}
		for i, l := range p.Explain(cells, st, 0) {
			if !l.Decided {
				set(i)
			}
		}
		if got, _ := p.Eval(cells, st, 0); got != answer {
			t.Fatalf("%s became %s when only leaves changed that had not decided", answer, got)
		}
	})
}
