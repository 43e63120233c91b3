package vet

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// world is a few signals with the values that tell every comparison of a random condition apart.
type world struct {
	emits  []node.Emit
	values [][]signal.Value // by signal; the zero Value is unknown
}

func newWorld() *world {
	w := &world{emits: []node.Emit{
		{Name: "s.flag", Type: signal.TypeBool},
		{Name: "s.count", Type: signal.TypeInt, Min: 0, Max: 3},
		{Name: "s.free", Type: signal.TypeInt},
		{Name: "s.level", Type: signal.TypeFloat, Min: 0, Max: 1},
		{Name: "s.word", Type: signal.TypeLabel, Labels: []string{"a", "b", "c"}},
		{Name: "s.text", Type: signal.TypeLabel},
	}}
	w.values = make([][]signal.Value, len(w.emits))
	none := signal.Value{}
	w.values[0] = []signal.Value{none, signal.Bool(false), signal.Bool(true)}
	w.values[1], w.values[2], w.values[3] = []signal.Value{none}, []signal.Value{none}, []signal.Value{none}
	for i := range int64(4) {
		w.values[1] = append(w.values[1], signal.Int(i))
	}
	for i := range int64(8) {
		w.values[2] = append(w.values[2], signal.Int(i-2))
	}
	for _, f := range []float64{0, 0.1, 0.25, 0.3, 0.5, 0.7, 1} {
		w.values[3] = append(w.values[3], signal.Float(f))
	}
	w.values[4] = []signal.Value{none, signal.Label("a"), signal.Label("b"), signal.Label("c")}
	w.values[5] = []signal.Value{none, signal.Label("a"), signal.Label("b"), signal.Label("c"), signal.Label("other")}
	return w
}

func (w *world) emit(name string) *node.Emit {
	i := slices.IndexFunc(w.emits, func(e node.Emit) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &w.emits[i]
}

// leaf returns a random comparison of a signal.
func (w *world) leaf(r *rand.Rand, signals []int) *event.Cond {
	i := signals[r.IntN(len(signals))]
	c := &event.Cond{Op: event.OpCompare, Signal: w.emits[i].Name}
	if r.IntN(12) == 0 {
		c.Op = event.OpAbsent
		return c
	}
	ordered := []event.Rel{event.Eq, event.Ne, event.Gt, event.Gte, event.Lt, event.Lte}
	words := []string{"a", "b", "c"}
	for range 1 + r.IntN(2) {
		switch w.emits[i].Type {
		case signal.TypeBool:
			c.Compare = append(c.Compare, event.Comparison{Rel: ordered[r.IntN(2)], Value: signal.Bool(r.IntN(2) == 0)})
		case signal.TypeInt:
			c.Compare = append(c.Compare, event.Comparison{Rel: ordered[r.IntN(6)], Value: signal.Int(r.Int64N(6) - 1)})
		case signal.TypeFloat:
			at := []float64{-0.5, 0, 0.25, 0.5, 1, 1.5}
			c.Compare = append(c.Compare, event.Comparison{Rel: ordered[r.IntN(6)], Value: signal.Float(at[r.IntN(len(at))])})
		case signal.TypeLabel:
			if r.IntN(3) == 0 {
				r.Shuffle(3, func(i, j int) { words[i], words[j] = words[j], words[i] })
				c.Compare = append(c.Compare, event.Comparison{Rel: event.In, Labels: slices.Clone(words[:1+r.IntN(3)])})
				continue
			}
			c.Compare = append(c.Compare, event.Comparison{Rel: ordered[r.IntN(2)], Value: signal.Label(words[r.IntN(3)])})
		case signal.TypeBoxes, signal.TypeNone:
		}
	}
	return c
}

// tree returns a random condition; with a memory where past is set.
func (w *world) tree(r *rand.Rand, signals []int, depth int, past bool) *event.Cond {
	if depth == 0 || r.IntN(4) == 0 {
		return w.modified(r, w.leaf(r, signals), past)
	}
	ops := []event.Op{event.OpAll, event.OpAll, event.OpAny, event.OpAny, event.OpNot, event.OpAtLeast}
	if past {
		ops = append(ops, event.OpSequence)
	}
	c := &event.Cond{Op: ops[r.IntN(len(ops))]}
	n := 2 + r.IntN(2)
	switch c.Op {
	case event.OpNot:
		n = 1
	case event.OpAtLeast:
		c.N = 1 + r.IntN(n)
	case event.OpSequence:
		c.Span = time.Duration(1+r.IntN(5)) * time.Second
	case event.OpCompare, event.OpAbsent, event.OpAll, event.OpAny:
	}
	for range n {
		c.Of = append(c.Of, w.tree(r, signals, depth-1, past))
	}
	return w.modified(r, c, past)
}

func (w *world) modified(r *rand.Rand, c *event.Cond, past bool) *event.Cond {
	if past && r.IntN(5) == 0 {
		c.For = time.Duration(1+r.IntN(4)) * time.Second
	}
	if past && r.IntN(6) == 0 {
		c.Within = time.Duration(1+r.IntN(4)) * time.Second
	}
	if r.IntN(8) == 0 {
		c.Unknown = event.Answer(1 + r.IntN(2))
	}
	return c
}

// flawed returns the nodes that the analysis reports.
func (w *world) flawed(c *event.Cond) map[*event.Cond]flaw {
	found := map[*event.Cond]flaw{}
	newLogic(c, w.emit, func(at *event.Cond, f flaw) { found[at] = f }).node(c)
	return found
}

// bare returns a node without its modifiers, which is what the analysis judges.
func bare(c *event.Cond) *event.Cond {
	b := *c
	b.For, b.Within, b.Unknown = 0, 0, event.Unknown
	return &b
}

// answer is the naive twin: what a condition without a memory says of values.
func (w *world) answer(c *event.Cond, values []signal.Value) event.Answer {
	a := w.operator(c, values)
	if a == event.Unknown {
		return c.Unknown
	}
	return a
}

func (w *world) operator(c *event.Cond, values []signal.Value) event.Answer {
	yes, no := 0, 0
	for _, p := range c.Of {
		switch w.answer(p, values) {
		case event.Yes:
			yes++
		case event.No:
			no++
		case event.Unknown:
		}
	}
	n := len(c.Of)
	switch c.Op {
	case event.OpAny:
		n = 1
	case event.OpAtLeast:
		n = c.N
	case event.OpNot:
		yes, no, n = no, yes, 1
	case event.OpCompare, event.OpAbsent:
		v := values[slices.IndexFunc(w.emits, func(e node.Emit) bool { return e.Name == c.Signal })]
		if c.Op == event.OpAbsent {
			return verdict(v.Type() == signal.TypeNone)
		}
		if v.Type() == signal.TypeNone {
			return event.Unknown
		}
		return verdict(!slices.ContainsFunc(c.Compare, func(cmp event.Comparison) bool { return !compares(v, cmp) }))
	case event.OpAll, event.OpSequence:
	}
	switch {
	case yes >= n:
		return event.Yes
	case no > len(c.Of)-n:
		return event.No
	}
	return event.Unknown
}

func verdict(b bool) event.Answer {
	if b {
		return event.Yes
	}
	return event.No
}

func compares(v signal.Value, cmp event.Comparison) bool {
	equal := func() bool {
		switch v.Type() {
		case signal.TypeBool:
			return v.AsBool() == cmp.Value.AsBool()
		case signal.TypeLabel:
			return v.AsLabel() == cmp.Value.AsLabel()
		case signal.TypeInt, signal.TypeFloat, signal.TypeBoxes, signal.TypeNone:
		}
		return v.Number() == cmp.Value.Number()
	}
	switch cmp.Rel {
	case event.Eq:
		return equal()
	case event.Ne:
		return !equal()
	case event.Gt:
		return v.Number() > cmp.Value.Number()
	case event.Gte:
		return v.Number() >= cmp.Value.Number()
	case event.Lt:
		return v.Number() < cmp.Value.Number()
	case event.Lte:
		return v.Number() <= cmp.Value.Number()
	case event.In:
		return slices.Contains(cmp.Labels, v.AsLabel())
	}
	panic("no such relation")
}

// every calls visit with every choice of values for some signals, until it returns false.
func (w *world) every(signals []int, visit func([]signal.Value) bool) {
	values := make([]signal.Value, len(w.emits))
	var choose func(i int) bool
	choose = func(i int) bool {
		if i == len(signals) {
			return visit(values)
		}
		for _, v := range w.values[signals[i]] {
			values[signals[i]] = v
			if !choose(i + 1) {
				return false
			}
		}
		return true
	}
	choose(0)
}

// gives reports whether some values make a condition without a memory answer so.
func (w *world) gives(c *event.Cond, signals []int, want event.Answer) bool {
	found := false
	w.every(signals, func(values []signal.Value) bool {
		found = w.operator(c, values) == want
		return !found
	})
	return found
}

// What the analysis calls impossible no values make so, by trying them all; and it misses little of what is.
func TestLogicAgainstEnumeration(t *testing.T) {
	w, seed := newWorld(), uint64(20260101)
	r := rand.New(rand.NewPCG(seed, 1))
	reported, missed := 0, 0
	for i := range 4000 {
		signals := r.Perm(len(w.emits))[:1+r.IntN(2)]
		c := w.tree(r, signals, 2, false)
		found := w.flawed(c)
		for at, f := range found {
			if w.gives(at, signals, f.answer) {
				t.Fatalf("seed %d, tree %d: %s\nis said never to be %s, and is", seed, i, text(at), f.answer)
			}
		}
		reported += len(found)
		if len(found) == 0 && (!w.gives(c, signals, event.Yes) || !w.gives(c, signals, event.No)) {
			missed++
		}
	}
	t.Logf("%d nodes reported, %d trees with a fault that was not found", reported, missed)
	if missed*20 > reported {
		t.Errorf("missed %d of %d", missed, missed+reported)
	}
}

// What the analysis calls impossible never happens on a random walk of values either, with all that conditions remember.
func TestLogicAgainstWalks(t *testing.T) {
	w, seed := newWorld(), uint64(20260102)
	r := rand.New(rand.NewPCG(seed, 2))
	reported := 0
	for i := range 4000 {
		signals := r.Perm(len(w.emits))[:1+r.IntN(2)]
		c := w.tree(r, signals, 2, true)
		for at, f := range w.flawed(c) {
			reported++
			if w.walks(t, r, bare(at), f.answer) {
				t.Fatalf("seed %d, tree %d: %s\nis said never to be %s, and was", seed, i, text(at), f.answer)
			}
		}
	}
	t.Logf("%d nodes reported", reported)
}

// walks runs a condition over random values, that go stale now and then, and reports whether it ever gave an answer.
func (w *world) walks(t *testing.T, r *rand.Rand, c *event.Cond, want event.Answer) bool {
	t.Helper()
	const ttl = 3 * time.Second
	cells := make([]signal.Cell, len(w.emits))
	for i := range cells {
		cells[i].TTL = ttl
	}
	prog, err := event.Compile(c, event.Resolver{Cell: func(_, name string) (event.CellRef, bool) {
		i := slices.IndexFunc(w.emits, func(e node.Emit) bool { return e.Name == name })
		return event.CellRef{Cell: i, Type: w.emits[i].Type}, i >= 0
	}})
	if err != nil {
		t.Fatalf("%s: %v", text(c), err)
	}
	state, now := prog.NewState(), tick.Time(0)
	for range 60 {
		now = now.Add(time.Duration(r.IntN(8)) * 250 * time.Millisecond)
		for i := range cells {
			if r.IntN(2) == 0 {
				cells[i].Set(w.values[i][1+r.IntN(len(w.values[i])-1)], now, now, uint64(now))
			}
		}
		if a, _ := prog.Eval(cells, state, now); a == want {
			return true
		}
	}
	return false
}
