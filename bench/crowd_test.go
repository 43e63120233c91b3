package bench

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"rvo.dev/engine/tick"
)

// TestCrowd holds the members of a crowd to their clocks, of different rates and phases: no moment is told before it has
// come, each is told once, those that passed while nobody waited are told too, whoever leaves hears none any more, and
// the others go on.
func TestCrowd(t *testing.T) {
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	c := &crowd{}
	var wg sync.WaitGroup
	for i := range 40 {
		period := time.Duration(1+i%3) * 2 * time.Millisecond
		first := now().Add(time.Duration(i) * 50 * time.Microsecond)
		m, err := c.join(now, first, period)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for n := range 30 + i {
				due := first.Add(time.Duration(n) * period)
				if err := m.wait(); err != nil {
					t.Errorf("member %d, moment %d: %v", i, n, err)
					return
				}
				if at := now(); at < due {
					t.Errorf("member %d: moment %d was told %v early", i, n, due.Sub(at))
				}
				if n == 10 {
					for now() < due.Add(3*period) { // nobody waits for a while
					}
				}
			}
			if err := m.close(); err != nil {
				t.Error(err)
			}
			for range 2 {
				if err := m.wait(); !errors.Is(err, os.ErrClosed) {
					t.Errorf("member %d has left and hears %v, want %v", i, err, os.ErrClosed)
				}
			}
		})
	}
	wg.Wait()
	if c.beat != nil || len(c.members) > 0 {
		t.Errorf("all have left, and the clock runs on for %d", len(c.members))
	}
}

// TestCrowdOrder: whoever comes, leaves or was told, the first place is that of the member whose moment is next, and each member
// has its own.
func TestCrowdOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	c, due := &crowd{}, map[*member]tick.Time{}
	for range 3000 {
		switch n := len(c.members); {
		case n == 0 || r.IntN(3) == 0:
			m := &member{}
			due[m] = tick.Time(r.IntN(1000))
			c.members = append(c.members, place{due[m], m})
			c.rise(n)
		case r.IntN(4) == 0:
			m := c.members[r.IntN(n)].m
			c.leave(m)
			delete(due, m)
		default:
			c.members[0].next += tick.Time(r.IntN(1000))
			due[c.members[0].m] = c.members[0].next
			c.sink(0)
		}
		if len(c.members) != len(due) {
			t.Fatalf("%d places of %d members", len(c.members), len(due))
		}
		for i, p := range c.members {
			if due[p.m] != p.next || p.next < c.members[0].next {
				t.Fatalf("place %d is at %d, its member's moment is %d, the first place's %d", i, p.next, due[p.m], c.members[0].next)
			}
		}
	}
}

// TestCrowdEndsAWait closes a member that somebody waits for, and opens the crowd again.
func TestCrowdEndsAWait(t *testing.T) {
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	c := &crowd{}
	for range 2 {
		m, err := c.join(now, now().Add(time.Hour), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan error)
		go func() { said <- m.wait() }()
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
		if err := <-said; !errors.Is(err, os.ErrClosed) {
			t.Errorf("the wait ended with %v, want %v", err, os.ErrClosed)
		}
	}
}

// TestCrowded: a clock is shared only where each camera's own would be most of what is measured.
func TestCrowded(t *testing.T) {
	for _, c := range []struct {
		name string
		want bool
	}{{"baseline", false}, {"ingest_50000", false}, {"cameras_100", false}, {"cameras_1000", true}} {
		s, err := Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := crowded(&s); got != c.want {
			t.Errorf("%s: shared clock %v, want %v", c.name, got, c.want)
		}
	}
}
