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
