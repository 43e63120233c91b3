package event

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// TestCutsLaw: values that no cut lies between give the same answers, now and later.
func TestCutsLaw(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom([]signal.Type{signal.TypeBool, signal.TypeInt, signal.TypeFloat}), 1, 4).Draw(t, "types")
		p := compiled(t, drawnCond(t, types, 3), types)
		cuts := make([][]int64, len(types))
		p.Cuts(func(cell int, at int64) { cuts[cell] = append(cuts[cell], at) })
		band := func(cell int, v signal.Value) (n int) {
			for _, at := range cuts[cell] {
				if v.Order() >= at {
					n++
				}
			}
			return n
		}
		cells, others := make([]signal.Cell, len(types)), make([]signal.Cell, len(types))
		for i, typ := range types {
			cells[i].TTL = time.Duration(rapid.IntRange(1, 20).Draw(t, "ttl"))
			v, w := drawnValue(t, typ, "value"), drawnValue(t, typ, "another")
			cells[i].Set(v, 0, 0, 0)
			others[i] = cells[i]
			if band(i, v) == band(i, w) {
				if !v.Equal(w) {
					moved++
				}
				others[i].Set(w, 0, 0, 0)
			}
		}
		st := p.NewState()
		other := st.Clone()
		for now := range tick.Time(20) {
			a, _ := p.Eval(cells, st, now)
			if b, _ := p.Eval(others, other, now); a != b {
				t.Fatalf("at %s %s for %v and %s for %v, with the cuts %v", now, a, cells, b, others, cuts)
			}
		}
	})
	if moved == 0 {
		t.Error("no value was ever another than the one before it")
	}
}
