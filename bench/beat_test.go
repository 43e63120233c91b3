package bench

import (
	"errors"
	"os"
	"testing"
	"time"

	"rvo.dev/engine/tick"
)

// TestBeat holds a beat to its clock: no moment is told before it has come, each is told once, those that passed while
// nobody waited are told too, and a closed beat tells none.
func TestBeat(t *testing.T) {
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	const period = 100 * time.Microsecond
	for i, ahead := range []time.Duration{time.Millisecond, 0, -time.Millisecond, time.Millisecond} {
		first := now().Add(ahead)
		b, err := newBeat(now, first, period, time.Duration(i)*period/2) // the last: more than there is
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			due := first.Add(time.Duration(i) * period)
			if err := b.wait(); err != nil {
				t.Fatalf("moment %d: %v", i, err)
			}
			if at := now(); at < due {
				t.Fatalf("first one %v ahead: moment %d was told %v early", ahead, i, due.Sub(at))
			}
			for i%50 == 49 && now() < due.Add(10*period) { // nobody waits for a while
			}
		}
		if err := b.close(); err != nil {
			t.Fatal(err)
		}
		for b.wait() == nil { // what had passed before it was closed
			if now() > first.Add(time.Minute) {
				t.Fatal("a closed beat goes on")
			}
		}
		if err := b.wait(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("a closed beat says %v, want %v", err, os.ErrClosed)
		}
	}
}

// TestLead has a clock of which the timer is late by a fixed time learn to stop that much earlier, never by more than it may,
// and by less again once its timer is in time.
func TestLead(t *testing.T) {
	const most = 50 * time.Microsecond
	at := most
	for _, c := range []struct{ late, low, high time.Duration }{
		{5 * time.Microsecond, 4 * time.Microsecond, 13 * time.Microsecond},
		{30 * time.Microsecond, 28 * time.Microsecond, 37 * time.Microsecond},
		{80 * time.Microsecond, most, most},
		{0, 0, 7 * time.Microsecond},
	} {
		missed := 0
		for i := range 600 {
			left := at - c.late
			at = lead(at, left, most)
			if at < 0 || at > most {
				t.Fatalf("a timer that is %v late: stops %v early, of at most %v", c.late, at, most)
			}
			if i >= 200 && left <= 0 {
				missed++
			}
		}
		if at < c.low || at > c.high {
			t.Errorf("a timer that is %v late: stops %v early, want %v to %v", c.late, at, c.low, c.high)
		}
		if c.late < most && missed > 100 {
			t.Errorf("a timer that is %v late: %d of 400 moments missed", c.late, missed)
		}
	}
}

// TestBeatEndsAWait closes a beat that somebody waits for.
func TestBeatEndsAWait(t *testing.T) {
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	b, err := newBeat(now, now().Add(time.Hour), time.Hour, watched(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan error)
	go func() { said <- b.wait() }()
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if err := <-said; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the wait ended with %v, want %v", err, os.ErrClosed)
	}
}
