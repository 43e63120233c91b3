package event

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// TestCarryLaw edits a condition while it runs, and the naive twin knows nothing of it: a condition that goes on as a part
// of another, beside one that is always yes, says what it would have said if it had always been one, and is woken as exactly. A state that
// the next program can resume says what a new one says that it was carried into.
func TestCarryLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 30
		past := drawnPast(t, end)
		c := drawnCond(t, past.types, 3)
		always := &Cond{Op: OpAbsent, Signal: "s0", Unknown: Yes}
		always = &Cond{Op: OpAny, Of: []*Cond{always, {Op: OpNot, Of: []*Cond{always}}}}
		edits := []*Cond{c, {Op: OpAll, Of: []*Cond{always, c}}, {Op: OpNot, Of: []*Cond{{Op: OpNot, Of: []*Cond{c}}}}}
		cells := make([]signal.Cell, len(past.types))
		for i := range cells {
			cells[i].TTL, cells[i].Since = time.Duration(past.ttl[i]), tick.Never
		}
		p := compiled(t, c, past.types)
		st := p.NewState()
		answer, wake := p.Eval(cells, st, 0)
		news := past.news
		for i := range end + 1 {
			now := tick.Time(i)
			if wake == now {
				answer, _ = p.Eval(cells, st, now)
			}
			check(t, "before its values", past, c, moment(2*i), answer, p, cells, st)
			for ; len(news) > 0 && news[0].at == i; news = news[1:] {
				if n := news[0]; n.started {
					cells[n.cell].Since = now
				} else {
					cells[n.cell].Set(n.value, tick.Time(n.capture), now, 0)
				}
			}
			answer, wake = p.Eval(cells, st, now)
			check(t, "after its values", past, c, moment(2*i+1), answer, p, cells, st)
			if rapid.IntRange(0, 4).Draw(t, "edit") > 0 {
				continue
			}
			was := c
			c = edits[rapid.IntRange(0, len(edits)-1).Draw(t, "to")]
			next := compiled(t, c, past.types)
			resumed := st.Clone()
			carried := next.NewState()
			carried.Carry(st)
			a, w := next.Eval(cells, carried, now)
			if a != answer || next.Key() == p.Key() && w != wake {
				t.Fatalf("at %s edited from %s until %s to %s until %s", now, answer, wake, a, w)
			}
			if c == was && !next.Continues(p) {
				t.Fatalf("the same condition does not continue itself")
			}
			if next.Continues(p) {
				resumed.Resume(next)
				if b, v := next.Eval(cells, resumed, now); next.Key() == p.Key() && (b != a || v != w) {
					t.Fatalf("at %s resumed it says %s until %s, carried into another state %s until %s", now, b, v, a, w)
				}
			}
			p, st, answer, wake = next, carried, a, w
		}
	})
}

// TestKeyLaw: the order in which parts, comparisons and words are written does not matter to a key, except in a sequence;
// and what is asked of the signals does.
func TestKeyLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := []signal.Type{signal.TypeBool, signal.TypeInt, signal.TypeFloat, signal.TypeLabel, signal.TypeBoxes}
		c := drawnCond(t, types, 3)
		key := compiled(t, c, types).Key()
		c.Walk(func(n *Cond) {
			n.Path = rapid.String().Draw(t, "path")
			n.Compare = shuffled(t, n.Compare)
			for i := range n.Compare {
				n.Compare[i].Labels = shuffled(t, n.Compare[i].Labels)
			}
			if n.Op != OpSequence {
				n.Of = shuffled(t, n.Of)
			}
		})
		if got := compiled(t, c, types).Key(); got != key {
			t.Fatalf("shuffled, the key changes")
		}
		var nodes []*Cond
		c.Walk(func(n *Cond) { nodes = append(nodes, n) })
		n := rapid.SampledFrom(nodes).Draw(t, "node")
		was := *n
		for name, edit := range map[string]func(){
			"for":     func() { n.For++ },
			"within":  func() { n.Within++ },
			"unknown": func() { n.Unknown = (n.Unknown + 1) % (Yes + 1) },
			"not":     func() { *n = Cond{Op: OpNot, Of: []*Cond{&was}} },
			"span":    func() { n.Span += time.Duration(n.Op / OpSequence) },
		} {
			*n = was
			edit()
			if got := compiled(t, c, types).Key(); (got == key) != (name == "span" && n.Op != OpSequence) {
				t.Fatalf("after an edit of %s of %+v the key changes: %t", name, was, got != key)
			}
		}
	})
}

func shuffled[T any](t *rapid.T, list []T) []T {
	if len(list) < 2 {
		return list
	}
	return rapid.Permutation(slices.Clone(list)).Draw(t, "order")
}

// TestCarryKeepsNothingElse: what is new, or asks something else, begins as if never evaluated.
func TestCarryKeepsNothingElse(t *testing.T) {
	types := []signal.Type{signal.TypeBool, signal.TypeBool}
	state := func(text string) *EvalState {
		c, err := parseCond(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(c, Resolver{Cell: func(_, name string) (CellRef, bool) {
			i := cellOf(&Cond{Signal: name})
			return CellRef{Cell: i, Type: types[i]}, true
		}})
		if err != nil {
			t.Fatal(err)
		}
		return p.NewState()
	}
	old := state("all(s0 for 1s, s0 within 1s, sequence(1s, s0, s1))")
	cells := []signal.Cell{{TTL: time.Hour}, {TTL: time.Hour}}
	for now := range tick.Time(9) {
		cells[0].Set(signal.Bool(now%4 == 1), now, now, 0)
		cells[1].Set(signal.Bool(now%4 == 3), now, now, 0)
		old.prog.Eval(cells, old, now)
	}
	for _, text := range []string{"s0", "all(s1 for 1s, s1 within 1s, sequence(1s, s1, s0))", "all(s0 eq false for 1s, not(s0) within 1s, sequence(1s, s0, s1, s1))"} {
		st, fresh := state(text), state(text)
		st.Carry(old)
		if st.memories != nil && (!slices.Equal(st.held, fresh.held) || !slices.Equal(st.recent, fresh.recent) || !slices.Equal(st.links, fresh.links)) {
			t.Errorf("%s took over %+v", text, st)
		}
	}
}
