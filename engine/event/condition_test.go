package event

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/signal"
)

// TestCompileRefusesTrees covers what the language cannot write, and a program could.
func TestCompileRefusesTrees(t *testing.T) {
	resolve := Resolver{Cell: func(_, name string) (CellRef, bool) {
		return map[string]CellRef{"a.x": {0, signal.TypeBool}, "a.n": {1, signal.TypeInt}, "a.none": {2, signal.TypeNone}}[name], true
	}}
	leaf := &Cond{Signal: "a.x"}
	for _, test := range []struct {
		name string
		cond *Cond
		want string
	}{
		{"nothing", nil, "condition: there is no condition: write one, or leave the field out"},
		{"nothing as a part", &Cond{Op: OpNot, Path: "when", Of: []*Cond{nil}}, "when.not: there is no condition: write one, or leave the field out"},
		{"operator", &Cond{Op: 99, Path: "when"}, "when: operator 99 is not in the table: use one of Operators"},
		{"unknown", &Cond{Signal: "a.x", Unknown: 3}, "condition: unknown 3 is no answer: give yes or no, or leave it out"},
		{
			"relation", &Cond{Signal: "a.n", Compare: []Comparison{{Rel: 9, Value: signal.Int(1)}}},
			`condition: signal "a.n" is of type int: relation 9 does not fit, use eq, ne, gt, gte, lt or lte with a number`,
		},
		{
			"value", &Cond{Signal: "a.n", Compare: []Comparison{{Rel: Gt}}},
			`condition: signal "a.n" is of type int: gt none does not fit, use eq, ne, gt, gte, lt or lte with a number`,
		},
		{"type", &Cond{Signal: "a.none"}, `condition: signal "a.none" has type none: nothing can be asked of it`},
		{
			"parts of a leaf", &Cond{Signal: "a.x", Of: []*Cond{leaf}},
			`condition: signal "a.x" has 1 parts: a signal has none, put all or any around both`,
		},
		{
			"signal of a group", &Cond{Op: OpAll, Signal: "a.x", Of: []*Cond{leaf}},
			`condition: all takes one part or more and no signal "a.x": put the comparison into a part`,
		},
		{
			"comparison of absent", &Cond{Op: OpAbsent, Signal: "a.n", Compare: []Comparison{{Rel: Gt, Value: signal.Int(1)}}},
			`condition: absent "a.n" compares: absent asks only whether the signal is missing, compare in a part of its own`,
		},
		{
			"number of a group", &Cond{Op: OpAll, N: 2, Of: []*Cond{leaf}},
			"condition: all takes no number of parts, and has 2: use atLeast",
		},
		{
			"span of a group", &Cond{Op: OpAny, Span: 2, Of: []*Cond{leaf}},
			"condition: any takes no span, and has 2ns: use sequence",
		},
		{
			"filter of a group", &Cond{Op: OpNot, Filter: &BoxFilter{}, Of: []*Cond{leaf}},
			"condition: not takes no filter of boxes: put it beside the signal it is meant for",
		},
		{
			"depth", deep(maxDepth), "deepest: condition has more than 62 levels: let a detector give one signal for what is below",
		},
		{
			"the path that is given", &Cond{Op: OpAll, Path: "events.gate.when", Of: []*Cond{leaf, {Path: "here", Op: OpAny}}},
			"here: any has no parts: it takes one part or more",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Compile(test.cond, resolve)
			if err == nil || err.Error() != test.want || p != nil {
				t.Errorf("%v, with a program: %t; want\n%s", err, p != nil, test.want)
			}
		})
	}
}

// deep returns a leaf under n operators.
func deep(n int) *Cond {
	c := &Cond{Signal: "a.x", Path: "deepest"}
	for i := range n {
		c = &Cond{Op: OpAll + Op(i%2), Of: []*Cond{c}}
	}
	return c
}

// TestDeepest: the deepest condition that is taken has a bit for each of its groups.
func TestDeepest(t *testing.T) {
	c, types := deep(0), []signal.Type{signal.TypeInt}
	c.Compare = []Comparison{{Rel: Ne, Value: signal.Int(1)}, {Rel: Ne, Value: signal.Int(2)}}
	for i := range maxDepth - 1 {
		c = &Cond{Op: OpAll + Op(i%2), Of: []*Cond{c, c}}
		if i > 2 {
			c.Of[1] = &Cond{Signal: "a.x", Compare: []Comparison{{Rel: Gt, Value: signal.Int(int64(i % 2))}}}
		}
	}
	p, err := Compile(c, Resolver{Cell: func(string, string) (CellRef, bool) { return CellRef{Type: types[0]}, true }})
	if err != nil {
		t.Fatal(err)
	}
	cells := []signal.Cell{{TTL: 100}}
	for _, want := range []struct {
		n int64
		a Answer
	}{{3, Yes}, {2, Yes}, {1, No}, {0, No}} {
		cells[0].Set(signal.Int(want.n), 0, 0, 0)
		st := p.NewState()
		e := explainer{prog: p, cells: cells, st: st, more: make([]span, p.leaves)}
		explained := e.node(p.root)
		if a, _ := p.Eval(cells, st, 0); a != explained || a != want.a {
			t.Errorf("%d: %s, explained as %s, want %s", want.n, a, explained, want.a)
		}
	}
}

func TestCells(t *testing.T) {
	c, err := parseCond("all(d.x, b.x, any(d.x, yard/b.x, absent(c.x)), not(b.x) for 1s)")
	if err != nil {
		t.Fatal(err)
	}
	want := []Ref{{"", "d.x"}, {"", "b.x"}, {"yard", "b.x"}, {"", "c.x"}}
	if got := c.Signals(); !slices.Equal(got, want) {
		t.Errorf("Signals: %v, want %v", got, want)
	}
	p, err := Compile(c, Resolver{Cell: func(camera, name string) (CellRef, bool) {
		i := slices.Index(want, Ref{camera, name})
		return CellRef{Cell: 10 - i, Type: signal.TypeBool}, i >= 0
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Cells(); !slices.Equal(got, []int{7, 8, 9, 10}) {
		t.Errorf("Cells: %v, want 7 to 10, each once", got)
	}
}

// TestStatesAreApart: a program is shared by many machines, each with a state of its own.
func TestStatesAreApart(t *testing.T) {
	c, resolve, cells := wide(8, 5)
	p, err := Compile(c, resolve)
	if err != nil {
		t.Fatal(err)
	}
	first, second := p.NewState(), p.NewState()
	p.Eval(cells, first, 0)
	p.Eval(cells, second, 3)
	if a, _ := p.Eval(cells, first, 5); a != Yes {
		t.Errorf("yes for 5ns since 0: %s", a)
	}
	if a, wake := p.Eval(cells, second, 5); a != No || wake != 8 {
		t.Errorf("yes for 5ns since 3: %s until %s, want no until 8ns", a, wake)
	}
}

// TestOperators checks the table against the counts of a truth table, so that a new row cannot contradict itself.
func TestOperators(t *testing.T) {
	names := map[string]bool{}
	for i, row := range Operators() {
		if row.Op != Op(i) || row.Op.String() != row.Name || names[row.Name] || !strings.HasPrefix(row.Doc, "yes when ") {
			t.Errorf("row %d is %+v: must be in the order of the ops, with a name of its own and a doc that says when it is yes", i, row)
		}
		names[row.Name] = true
		if (row.quorum == nil) != (row.Arity == AritySignal || row.Arity == ArityOrder) {
			t.Errorf("%s: needs a quorum if it counts its parts, and only then", row.Name)
		}
		for parts := 1; row.quorum != nil && parts < 5; parts++ {
			for n := 1; n <= parts; n++ {
				// It must never be yes and no at once, and always one of them when every part is known.
				if yes, no := row.quorum(parts, n); yes+no != parts+1 && row.Arity == ArityMany || yes < 1 || no < 1 {
					t.Errorf("%s of %d, %d: %d yes make a yes and %d no a no", row.Name, parts, n, yes, no)
				}
			}
		}
	}
}

// TestNames: every value of every enum has a name, and the one after the last has none.
func TestNames(t *testing.T) {
	for _, test := range []struct {
		name string
		last int
		of   func(i int) fmt.Stringer
	}{
		{"Answer", int(Yes), func(i int) fmt.Stringer { return Answer(i) }},
		{"Op", int(OpSequence), func(i int) fmt.Stringer { return Op(i) }},
		{"Arity", int(ArityOrder), func(i int) fmt.Stringer { return Arity(i) }},
		{"Anchor", int(AnchorCenter), func(i int) fmt.Stringer { return Anchor(i) }},
		{"Rel", int(In), func(i int) fmt.Stringer { return Rel(i) }},
		{"State", int(Cooldown), func(i int) fmt.Stringer { return State(i) }},
		{"Reason", int(ReasonShutdown), func(i int) fmt.Stringer { return Reason(i) }},
		{"TransitionKind", int(KindEnded), func(i int) fmt.Stringer { return TransitionKind(i) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := map[string]bool{}
			for i := range test.last + 1 {
				name := test.of(i).String()
				if seen[name] || name == "" && test.of(i) != fmt.Stringer(ReasonNone) {
					t.Errorf("%d: %q is empty or the name of two", i, name)
				}
				seen[name] = true
			}
			defer func() {
				if recover() == nil {
					t.Errorf("%d has a name: must panic", test.last+1)
				}
			}()
			_ = test.of(test.last + 1).String()
		})
	}
}

// TestExplainChangesNothing explains at an instant that nobody evaluated: what a for node remembers must outlive it.
func TestExplainChangesNothing(t *testing.T) {
	c, err := parseCond("a.x for 5ns")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(c, Resolver{Cell: func(string, string) (CellRef, bool) { return CellRef{Type: signal.TypeBool}, true }})
	if err != nil {
		t.Fatal(err)
	}
	cells := []signal.Cell{{TTL: 100}}
	cells[0].Set(signal.Bool(true), 0, 0, 0)
	st := p.NewState()
	p.Eval(cells, st, 0)
	cells[0].Set(signal.Bool(false), 3, 3, 0)
	if l := p.Explain(cells, st, 3); len(l) != 1 || l[0].Answer != No || l[0].Path != "condition" {
		t.Errorf("explained as %+v, must be no", l)
	}
	cells[0].Set(signal.Bool(true), 4, 4, 0)
	if a, _ := p.Eval(cells, st, 5); a != Yes {
		t.Errorf("%s at 5, must be yes: Explain broke the for", a)
	}
}
