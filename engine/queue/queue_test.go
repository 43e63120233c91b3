package queue

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestLaws compares a queue with a plain slice: offered = taken + dropped + held, first in first out, and what falls out
// is the oldest or the newest by policy.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 6).Draw(t, "bound")
		policy := Policy(rapid.IntRange(0, 1).Draw(t, "policy"))
		q := New[int](bound, policy)
		var twin []int
		var offered, taken, dropped int
		closed := false
		for range rapid.IntRange(0, 100).Draw(t, "n") {
			switch op := rapid.IntRange(0, 23).Draw(t, "op"); {
			case op > 20:
				bound = rapid.IntRange(1, 6).Draw(t, "other bound")
				var want []int
				if over := len(twin) - bound; over > 0 && policy == DropOldest {
					want, twin = twin[:over], twin[over:]
				} else if over > 0 {
					want, twin = twin[bound:], twin[:bound]
				}
				dropped += len(want)
				if lost := q.Resize(bound); !slices.Equal(lost, want) {
					t.Fatalf("a bound of %d gives back %v, want %v", bound, lost, want)
				}
			case op < 12:
				offered++
				lost, drop := q.Push(offered)
				want, wantDrop := 0, false
				switch {
				case closed, len(twin) == bound && policy == DropNewest:
					want, wantDrop = offered, true
				case len(twin) == bound:
					want, wantDrop = twin[0], true
					twin = append(twin[1:], offered)
				default:
					twin = append(twin, offered)
				}
				if lost != want || drop != wantDrop {
					t.Fatalf("push of %d gives back %d %v, want %d %v", offered, lost, drop, want, wantDrop)
				}
				if drop {
					dropped++
				}
			case op < 20:
				v, ok := q.TryPop()
				if ok != (len(twin) > 0) || ok && v != twin[0] {
					t.Fatalf("popped %d %v from %v", v, ok, twin)
				}
				if ok {
					twin = twin[1:]
					taken++
				}
			default:
				q.Close()
				closed = true
			}
			if q.Len() != len(twin) || q.Cap() != bound || int(q.Dropped()) != dropped || offered != taken+dropped+q.Len() {
				t.Fatalf("offered %d, taken %d, dropped %d (%d), held %d", offered, taken, dropped, q.Dropped(), q.Len())
			}
		}
	})
}

func TestPopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](2, DropOldest)
		ctx, cancel := context.WithCancel(t.Context())
		type result struct {
			v  int
			ok bool
		}
		got := make(chan result, 8)
		pop := func() { v, ok := q.Pop(ctx); got <- result{v, ok} }

		go pop()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("popped from an empty queue")
		}
		q.Push(1)
		if r := <-got; r != (result{1, true}) {
			t.Fatalf("got %v", r)
		}

		// Two waiters, two values pushed before either runs: each gets one.
		go pop()
		go pop()
		synctest.Wait()
		q.Push(2)
		q.Push(3)
		synctest.Wait()
		if len(got) != 2 {
			t.Fatalf("%d of 2 waiters were woken", len(got))
		}
		if a, b := <-got, <-got; a.v+b.v != 5 || !a.ok || !b.ok {
			t.Fatalf("got %v and %v", a, b)
		}

		// A context that is done ends its waiter, and a value that is there comes before the context.
		go pop()
		synctest.Wait()
		cancel()
		if r := <-got; r.ok {
			t.Fatalf("got %v", r)
		}
		q.Push(4)
		if v, ok := q.Pop(ctx); v != 4 || !ok {
			t.Fatalf("got %d %v with a context that is done", v, ok)
		}
		if _, ok := q.Pop(ctx); ok {
			t.Fatal("popped from an empty queue")
		}
	})
}

func TestCloseWakesEveryWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](4, DropOldest)
		var ended atomic.Int32
		for range 5 {
			go func() {
				if _, ok := q.Pop(t.Context()); !ok {
					ended.Add(1)
				}
			}()
		}
		synctest.Wait()
		q.Close()
		q.Close()
		synctest.Wait()
		if n := ended.Load(); n != 5 {
			t.Errorf("%d of 5 waiters ended", n)
		}
		if v, dropped := q.Push(9); !dropped || v != 9 {
			t.Errorf("push after close gives back %d %v", v, dropped)
		}
	})
}

// TestSlowTaker is the case queues are there for: 30 values 33 ms apart, 100 ms for each, a bound of 2.
func TestSlowTaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](2, DropOldest)
		var taken []int
		var wg sync.WaitGroup
		wg.Go(func() {
			for v, ok := q.Pop(t.Context()); ok; v, ok = q.Pop(t.Context()) {
				taken = append(taken, v)
				time.Sleep(100 * time.Millisecond)
			}
		})
		for i := range 30 {
			q.Push(i)
			time.Sleep(33 * time.Millisecond)
		}
		q.Close()
		wg.Wait()
		if len(taken) != 12 || q.Dropped() != 18 || !slices.IsSorted(taken) || taken[11] != 29 {
			t.Errorf("taken %v, dropped %d: want 12 up to the newest, and 18", taken, q.Dropped())
		}
	})
}

func TestRace(t *testing.T) {
	const pushers, each = 4, 2000
	for _, policy := range []Policy{DropOldest, DropNewest} {
		q := New[int](8, policy)
		var in, out sync.WaitGroup
		var taken, lost [pushers * each]atomic.Int32
		for p := range pushers {
			in.Go(func() {
				for i := range each {
					if v, dropped := q.Push(p*each + i); dropped {
						lost[v].Add(1)
					}
				}
			})
		}
		for range 3 {
			out.Go(func() {
				for v, ok := q.Pop(context.Background()); ok; v, ok = q.Pop(context.Background()) {
					taken[v].Add(1)
				}
			})
		}
		in.Wait()
		q.Close()
		out.Wait()
		var dropped uint64
		for i := range taken {
			dropped += uint64(lost[i].Load())
			if taken[i].Load()+lost[i].Load() != 1 {
				t.Fatalf("%s: value %d was taken %d times and dropped %d times", policy, i, taken[i].Load(), lost[i].Load())
			}
		}
		if q.Len() != 0 || q.Dropped() != dropped {
			t.Errorf("%s: %d held, %d dropped, %d counted", policy, q.Len(), dropped, q.Dropped())
		}
	}
}

// TestNothingIsKept: a popped or dropped value is not reachable through the queue any more, or frames would leak.
func TestNothingIsKept(t *testing.T) {
	q := New[*int](2, DropOldest)
	for i := range 5 {
		q.Push(&i)
	}
	q.TryPop()
	q.TryPop()
	for i, p := range q.mu.buf {
		if p != nil {
			t.Errorf("place %d still holds a value", i)
		}
	}
}

func TestWrongUse(t *testing.T) {
	if DropOldest.String() != "drop_oldest" || DropNewest.String() != "drop_newest" {
		t.Error("the names of policies stand in metrics and documents")
	}
	defer func() {
		if recover() == nil {
			t.Error("a bound of 0 passes")
		}
	}()
	New[int](0, DropOldest)
}

func TestNoAllocation(t *testing.T) {
	q := New[int](4, DropOldest)
	if n := testing.AllocsPerRun(100, func() { q.Push(1); q.Push(2); q.TryPop() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPushPop(b *testing.B) {
	q := New[int](64, DropOldest)
	b.ReportAllocs()
	for b.Loop() {
		q.Push(1)
		q.TryPop()
	}
}
