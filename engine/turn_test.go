package engine

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNoNewsIsLost: whoever leaves news and asks for the turn has it seen, whoever holds it then, by exactly one holder at
// a time. Guests look themselves, as cameras do; others have the core goroutine look, as CPU slots do; the core goroutine
// claims the turn in between, as for requests. A lost wake-up leaves news behind and the test waiting.
func TestNoNewsIsLost(t *testing.T) {
	const each = 20_000
	const guests, lows = 3, 2
	turn := newTurn()
	var news [guests + lows]atomic.Int64 // left, not seen yet
	var holders atomic.Int64
	seen := 0 // owned by the holder
	all := make(chan struct{})
	look := func() {
		if holders.Add(1) != 1 {
			t.Error("two hold the turn")
		}
		for i := range news {
			seen += int(news[i].Swap(0))
		}
		if seen == each*(guests+lows) {
			seen++ // once
			close(all)
		}
		holders.Add(-1)
	}
	quit, over := make(chan struct{}), make(chan struct{})
	go func() { // the core goroutine
		defer close(over)
		r := rand.New(rand.NewPCG(1, 2))
		for {
			if r.IntN(4) == 0 {
				turn.claim()
			} else {
				select {
				case <-turn.given:
				case <-quit:
					return
				case <-time.After(time.Millisecond):
					turn.claim()
				}
			}
			look()
			if !turn.release() {
				turn.give()
			}
		}
	}()
	var wg sync.WaitGroup
	for i := range guests {
		wg.Go(func() {
			for range each {
				news[i].Add(1)
				if !turn.try() {
					continue
				}
				kept := true
				for n := 0; kept && n < guestRounds && !turn.wanted(); n++ {
					look()
					kept = !turn.release()
				}
				if kept {
					turn.give()
				}
			}
		})
	}
	for i := range lows {
		wg.Go(func() {
			for n := range each {
				news[guests+i].Add(1)
				if turn.try() {
					turn.give()
				}
				if n%64 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Fatal("news was lost: it was left, and nobody came to look")
	}
	close(quit)
	<-over
}

// TestReady: a camera that is noted is taken exactly once for each time it was noted anew, whatever happens meanwhile.
func TestReady(t *testing.T) {
	const cameras = 130
	r := newReady(cameras)
	var first [cameras]atomic.Int64 // additions that were told to see to it
	var taken [cameras]int64
	var wg sync.WaitGroup
	for seed := range uint64(3) {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 7))
			for range 50_000 {
				if c := rnd.IntN(cameras); r.add(c) {
					first[c].Add(1)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		last := -1
		r.take(func(c int) {
			if c <= last {
				t.Fatalf("camera %d after %d", c, last)
			}
			last = c
			taken[c]++
		})
	}
	for c := range taken {
		if taken[c] != first[c].Load() {
			t.Errorf("camera %d was taken %d times of %d", c, taken[c], first[c].Load())
		}
	}
	if r.len() != 0 {
		t.Errorf("%d cameras are left", r.len())
	}
}

// TestResults: every end that is added is taken once, those of one goroutine in their order.
func TestResults(t *testing.T) {
	const each, from = 20_000, 3
	var r results
	var wg sync.WaitGroup
	for g := range from {
		wg.Go(func() {
			for n := range each {
				r.add(&job{id: uint64(g), took: time.Duration(n)})
			}
		})
	}
	var next [from]uint64
	var batch []*job
	for total := 0; total < from*each; {
		batch = r.take(batch[:0])
		total += len(batch)
		for _, j := range batch {
			if uint64(j.took) != next[j.id] || j.next != nil {
				t.Fatalf("end %d of goroutine %d, want %d", uint64(j.took), j.id, next[j.id])
			}
			next[j.id]++
		}
	}
	wg.Wait()
	if left := r.take(nil); len(left) > 0 {
		t.Errorf("%d ends too many", len(left))
	}
}
