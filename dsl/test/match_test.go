package test_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rvo.dev/dsl/test"
)

// TestMatchFindsAll holds the matching of expectations and records to trying every way: where all can be served, all are;
// none gets what does not fit, and none two get the same.
func TestMatchFindsAll(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	random := func(n int) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = time.Duration(rng.IntN(20)) * time.Second
		}
		return out
	}
	for range 5000 {
		at, times := random(1+rng.IntN(6)), random(rng.IntN(7))
		slices.Sort(times)
		tolerance := time.Duration(rng.IntN(6)) * time.Second
		got := test.Match(at, tolerance, times)
		served := 0
		for i, r := range got {
			if r < 0 {
				continue
			}
			served++
			if d := times[r] - at[i]; max(d, -d) > tolerance {
				t.Fatalf("%v ±%v of %v: %d gets %v", at, tolerance, times, i, times[r])
			}
			if slices.Index(got, r) != i {
				t.Fatalf("%v ±%v of %v: %v is given twice", at, tolerance, times, times[r])
			}
		}
		if want := most(at, tolerance, times, 0); served != want {
			t.Fatalf("%v ±%v of %v: %d are served, %d can be", at, tolerance, times, served, want)
		}
	}
}

// most returns how many of at can have one of times each, by trying every way. used tells those that are gone, by bit.
func most(at []time.Duration, tolerance time.Duration, times []time.Duration, used uint) int {
	if len(at) == 0 {
		return 0
	}
	best := most(at[1:], tolerance, times, used)
	for i, x := range times {
		if d := x - at[0]; used&(1<<i) == 0 && max(d, -d) <= tolerance {
			best = max(best, 1+most(at[1:], tolerance, times, used|1<<i))
		}
	}
	return best
}
