package engine

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rvo.dev/engine/tick"
)

// TestLinger: a run is handed to the thread that watches and to nobody else, one thread watches at a time, and it leaves with
// nothing when its time is over or when it is rung for.
func TestLinger(t *testing.T) {
	var l linger
	j := &job{id: 1}
	if l.offer(j) {
		t.Error("a run was taken where nobody watches")
	}
	var now tick.Time
	steps := func() tick.Time { now++; return now }
	never := func() bool { return false }
	if got := l.stay(steps, 100, never); got != nil || now != 100 {
		t.Errorf("watched until 100: left at %d with %v", now, got)
	}
	if got := l.stay(steps, 1000, func() bool { return now == 150 }); got != nil || now != 150 {
		t.Errorf("rung for at 150: left at %d with %v", now, got)
	}
	got := l.stay(steps, 1000, func() bool {
		if now == 199 {
			if second := l.stay(steps, 1000, never); second != nil || now != 199 {
				t.Errorf("a second thread watched until %d and left with %v", now, second)
			}
			if !l.offer(j) {
				t.Error("the thread that watches was offered a run and did not take it")
			}
			if l.offer(&job{id: 2}) {
				t.Error("it took a second one")
			}
		}
		return false
	})
	if got != j || now > 201 {
		t.Errorf("left at %d with %v, want the run that came at 199", now, got)
	}
	if l.offer(j) {
		t.Error("a run was taken after the last thread had left")
	}
}

// TestLingerLosesNothing has threads watch and sleep in turn while runs come as a pool sends them: each is carried out once.
func TestLingerLosesNothing(t *testing.T) {
	const runs, threads = 20_000, 3
	zero := time.Now()
	now := func() tick.Time { return tick.Time(time.Since(zero)) }
	var l linger
	queue := make(chan *job, runs)
	var times [runs]atomic.Int32
	var handed atomic.Int64
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			for {
				j := l.stay(now, now().Add(20*time.Microsecond), func() bool { return len(queue) > 0 })
				if j != nil {
					handed.Add(1)
				} else if j = <-queue; j == nil {
					return
				}
				times[j.id].Add(1)
			}
		})
	}
	for i := range runs {
		if j := (&job{id: uint64(i)}); !l.offer(j) {
			queue <- j
		}
		for until := now().Add(time.Duration(i%7) * time.Microsecond); now() < until; {
		}
	}
	close(queue)
	all.Wait()
	for i := range times {
		if n := times[i].Load(); n != 1 {
			t.Fatalf("run %d was carried out %d times", i, n)
		}
	}
	t.Logf("%d of %d runs were handed to a thread that watched", handed.Load(), runs)
}

// TestHabit: a thread watches once its runs have come soon more often than not, for a fifth of what it computed and no more than
// 2 ms, and stops when they no longer do, or when it has to share its processor.
func TestHabit(t *testing.T) {
	var h habit
	var now tick.Time
	run := func(computed, gap time.Duration) {
		h.rest(now, computed)
		now = now.Add(gap)
		h.next(now)
		now = now.Add(computed)
	}
	for i, want := range []bool{false, true, true} {
		run(5*time.Millisecond, time.Millisecond-1)
		if h.pays() != want {
			t.Errorf("after %d runs that came within a fifth: %v", i+1, h.pays())
		}
	}
	for range 3 {
		run(5*time.Millisecond, time.Millisecond)
	}
	if h.pays() {
		t.Error("it still watches after three runs that came too late")
	}
	for range 20 {
		run(time.Second, lingerMost-1)
	}
	for range lingerSure - lingerEnough {
		run(time.Second, lingerMost)
	}
	if !h.pays() {
		t.Error("it no longer watches after a few late runs of many")
	}
	run(time.Second, lingerMost)
	if h.pays() {
		t.Errorf("it watches for longer than %v", lingerMost)
	}
	for range 20 {
		run(time.Second, 0)
	}
	h.share()
	if h.pays() {
		t.Error("it watches on a processor that it has to share")
	}
}
