package analysis

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestCurveWork: the densest runs that keep the curves' distances, one at a time, laid with the first at the window's edge or
// at any moment before it, fill no more of the window than work says.
func TestCurveWork(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 20_000 {
		cs := curves{{time.Duration(1 + r.Int64N(50)), time.Duration(r.Int64N(80))}}
		if r.IntN(2) == 0 {
			cs = append(cs, curve{time.Duration(1 + r.Int64N(50)), time.Duration(r.Int64N(80))})
		}
		cost := time.Duration(1 + r.Int64N(40))
		window := time.Duration(r.Int64N(200))
		limit := int64(unlimited)
		if r.IntN(2) == 0 {
			limit = int64(1 + r.IntN(5))
		}
		most := time.Duration(0)
		for before := range cost + 1 { // how long before the window the first run starts
			sum := time.Duration(0)
			for k := int64(1); k <= limit; k++ {
				at := max(cs.distance(k), time.Duration(k-1)*cost) - before
				if at > window {
					break
				}
				if at < 0 {
					sum += max(cost+at, 0)
				} else {
					sum += cost
				}
			}
			most = max(most, sum)
		}
		if got := cs.work(window, cost, limit); got < most {
			t.Fatalf("%v: work of %v in %v (at most %d) is said to be %v, and %v fit", cs, cost, window, limit, got, most)
		}
	}
}

// TestStarts: starts and distance are two ways to say one thing.
func TestStarts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		cs := curves{
			{time.Duration(1 + r.Int64N(50)), time.Duration(r.Int64N(80))},
			{time.Duration(1 + r.Int64N(50)), time.Duration(r.Int64N(80))},
		}
		window := time.Duration(r.Int64N(500))
		n := cs.starts(window)
		if cs.distance(n) > window || cs.distance(n+1) <= window {
			t.Fatalf("%v: %d starts in %v, their distance is %v, and %v of one more", cs, n, window, cs.distance(n), cs.distance(n+1))
		}
	}
}
