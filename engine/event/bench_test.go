package event

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// wide returns a condition with n leaves of every type, nested as people write them, and cells on which all are yes, so
// that nothing is skipped. With lasting it has a for node beside them.
func wide(n int, lasting time.Duration) (*Cond, Resolver, []signal.Cell) {
	root := &Cond{Op: OpAll}
	cells := make([]signal.Cell, n)
	types := make([]signal.Type, n)
	for i := range n {
		leaf := &Cond{Op: OpCompare, Signal: strconv.Itoa(i)}
		cells[i].TTL = time.Hour
		switch i % 4 {
		case 0:
			types[i] = signal.TypeFloat
			leaf.Compare = []Comparison{{Rel: Gte, Value: signal.Float(0.3)}}
			cells[i].Set(signal.Float(0.4), 0, 0, 1)
		case 1:
			types[i] = signal.TypeInt
			leaf.Compare = []Comparison{{Rel: Gte, Value: signal.Int(1)}, {Rel: Lt, Value: signal.Int(9)}}
			cells[i].Set(signal.Int(3), 0, 0, 1)
		case 2:
			types[i] = signal.TypeBool
			leaf = &Cond{Op: OpNot, Of: []*Cond{leaf}}
			cells[i].Set(signal.Bool(false), 0, 0, 1)
		case 3:
			types[i] = signal.TypeBoxes
			leaf.Compare = []Comparison{{Rel: Gt, Value: signal.Int(0)}}
			cells[i].Set(signal.Boxes(make([]signal.Box, 2)), 0, 0, 1)
		}
		if i%8 == 7 {
			leaf.For = lasting
		}
		root.Of = append(root.Of, leaf)
	}
	resolve := Resolver{Cell: func(_, name string) (CellRef, bool) {
		var i int
		_, err := fmt.Sscan(name, &i)
		return CellRef{Cell: i, Type: types[i]}, err == nil
	}}
	return root, resolve, cells
}

// numbers returns a condition with n comparisons of numbers, as most conditions are, and cells on which all are yes.
func numbers(n int) (*Cond, Resolver, []signal.Cell) {
	root := &Cond{Op: OpAll}
	cells := make([]signal.Cell, n)
	for i := range n {
		cells[i].TTL = time.Hour
		limit := signal.Float(0.3)
		if i%2 == 0 {
			cells[i].Set(signal.Float(0.4), 0, 0, 1)
		} else {
			limit = signal.Int(1)
			cells[i].Set(signal.Int(3), 0, 0, 1)
		}
		root.Of = append(root.Of, &Cond{Signal: strconv.Itoa(i), Compare: []Comparison{{Rel: Gte, Value: limit}}})
	}
	return root, Resolver{Cell: func(_, name string) (CellRef, bool) {
		i, err := strconv.Atoi(name)
		return CellRef{Cell: i, Type: cells[i].Value.Type()}, err == nil
	}}, cells
}

// BenchmarkEvalNumbers measures a condition of eight numbers.
func BenchmarkEvalNumbers(b *testing.B) {
	c, resolve, cells := numbers(8)
	p, err := Compile(c, resolve)
	if err != nil {
		b.Fatal(err)
	}
	st := p.NewState()
	if a, _ := p.Eval(cells, st, 1); a != Yes {
		b.Fatalf("the condition is %s: must be yes, so that nothing is skipped", a)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Eval(cells, st, 2)
	}
}

// BenchmarkEval measures conditions in which every leaf is looked at. A core evaluates one for each value that a
// condition depends on.
func BenchmarkEval(b *testing.B) {
	for _, n := range []int{8, 32} {
		for _, lasting := range []time.Duration{0, time.Second} {
			name := fmt.Sprintf("leaves=%d", n)
			if lasting > 0 {
				name += "/for"
			}
			b.Run(name, func(b *testing.B) {
				c, resolve, cells := wide(n, lasting)
				p, err := Compile(c, resolve)
				if err != nil {
					b.Fatal(err)
				}
				st := p.NewState()
				p.Eval(cells, st, 0)
				if a, _ := p.Eval(cells, st, tick.Time(time.Second)); a != Yes {
					b.Fatalf("the condition is %s: must be yes, so that nothing is skipped", a)
				}
				b.ReportAllocs()
				for b.Loop() {
					p.Eval(cells, st, tick.Time(2*time.Second))
				}
			})
		}
	}
}

// BenchmarkExplain measures what each record of an event costs the core.
func BenchmarkExplain(b *testing.B) {
	c, resolve, cells := wide(8, time.Second)
	p, err := Compile(c, resolve)
	if err != nil {
		b.Fatal(err)
	}
	st := p.NewState()
	p.Eval(cells, st, 0)
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Explain(cells, st, 1)) != 8 {
			b.Fatal("a leaf is missing")
		}
	}
}

// BenchmarkStep measures a machine that goes through its states.
func BenchmarkStep(b *testing.B) {
	cfg := Config{Hold: 3, Grace: 2, UnknownGrace: 4, Cooldown: 5}
	answers := [...]Answer{Yes, Yes, No, Yes, Yes, Yes, Unknown, No, No, No, No, No, No, No, No, No}
	var m Machine
	var now tick.Time
	out := make([]Transition, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		out = m.Step(&cfg, answers[now%16], now, out[:0])
		now++
	}
}

// TestNoAllocation keeps the live path off the heap.
func TestNoAllocation(t *testing.T) {
	for _, n := range []int{8, 32} {
		c, resolve, cells := wide(n, time.Second)
		p, err := Compile(c, resolve)
		if err != nil {
			t.Fatal(err)
		}
		st := p.NewState()
		var now tick.Time
		if a := testing.AllocsPerRun(100, func() { now += 1e8; p.Eval(cells, st, now) }); a != 0 {
			t.Errorf("Eval of %d leaves: %v allocations, must be 0", n, a)
		}
		// The leaves it returns, and what came of the parts of more than people write.
		if a, most := testing.AllocsPerRun(100, func() { p.Explain(cells, st, now) }), 1+n/32; a > float64(most) {
			t.Errorf("Explain of %d leaves: %v allocations, must be at most %d", n, a, most)
		}
	}
	c, err := parseCond("atLeast(2, s0 within 3ns, sequence(5ns, s0, s1 eq false for 2ns), s2 of [label a, minScore 0.5, zone left] gte 1, absent(s3), s3 in [a, b])")
	if err != nil {
		t.Fatal(err)
	}
	cells := make([]signal.Cell, 4)
	types := []signal.Type{signal.TypeBool, signal.TypeBool, signal.TypeBoxes, signal.TypeLabel}
	p, err := Compile(c, Resolver{
		Cell: func(_, name string) (CellRef, bool) {
			i := cellOf(&Cond{Signal: name})
			return CellRef{Cell: i, Type: types[i]}, true
		},
		Zone: func(string, string) (signal.Polygon, bool) { return lawZone, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	st := p.NewState()
	boxes := signal.Boxes([]signal.Box{{Label: "a", Score: 0.7, W: 0.1, H: 0.1}})
	word := signal.Label("b")
	var at tick.Time
	if a := testing.AllocsPerRun(100, func() {
		at++
		cells[at%2].Set(signal.Bool(at%3 == 0), at, at, 0)
		cells[2].Set(boxes, at, at, 0)
		cells[3].Set(word, at-at%5, at, 0)
		p.Eval(cells, st, at)
	}); a != 0 {
		t.Errorf("Eval of every operator: %v allocations, must be 0", a)
	}
	cfg := Config{Hold: 3, Grace: 2, UnknownGrace: 4, Cooldown: 5, MaxDuration: 9, HasMax: true, Updates: 1}
	answers := [...]Answer{Yes, Yes, No, Yes, Yes, Yes, Unknown, No, No, No, No, No, No, No, No, No}
	var m Machine
	var now tick.Time
	out := make([]Transition, 0, 8)
	seen := 0
	a := testing.AllocsPerRun(1000, func() {
		out = m.Step(&cfg, answers[now%16], now, out[:0])
		m.Wake(&cfg)
		seen += len(out)
		now++
	})
	if a != 0 || seen == 0 {
		t.Errorf("Step: %v allocations over %d transitions, must be 0 over some", a, seen)
	}
}
