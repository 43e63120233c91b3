package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

// TestShortRuns: a detector whose runs turn out to be over at once is run on goroutines, one that is longer on its slot's
// thread, and one that becomes longer goes from the first to the second. Both go on giving results.
func TestShortRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		var longer atomic.Bool
		k.detector("long", 10, says(time.Millisecond, 1))
		k.detector("short", 10, func(_ context.Context, _ uint64, run *node.Run) error {
			d := 10 * time.Microsecond
			if longer.Load() {
				d = time.Millisecond
			}
			time.Sleep(d)
			run.Set("count", signal.Int(1))
			return nil
		})
		plain := map[string][]bool{}
		var e *Engine
		k.cfg.Observe = func(ins []sched.Input, _ time.Duration, _ []sched.Decision) {
			for i := range ins {
				if ins[i].Kind == sched.InputFinished {
					l := e.w.Load().lanes[ins[i].Instance]
					for _, j := range e.back {
						if j.lane == l {
							plain[l.name()] = append(plain[l.name()], j.plain)
						}
					}
				}
			}
			longer.Store(e.now() > 5*1e9)
		}
		e = k.engine()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Run(ctx); err != nil {
			t.Fatal(err)
		}
		k.clean()
		short, long := plain["short@front"], plain["long@front"]
		if len(short) < 90 || len(long) < 90 {
			t.Fatalf("%d and %d runs of 100", len(short), len(long))
		}
		for i := range long {
			if long[i] {
				t.Fatalf("run %d of 1 ms was on a goroutine", i)
			}
		}
		if short[0] || !short[10] || short[len(short)-1] {
			t.Errorf("short runs on goroutines: first %v (nothing is known of it), then %v, at last, longer, %v", short[0], short[10], short[len(short)-1])
		}
	})
}

// bare is an engine of one lane whose detector does nothing, to measure the way to a run and back.
func bare(tb testing.TB, plain, precise bool) (run func(), stop func()) {
	tb.Helper()
	k := newKit(tb)
	k.camera("front", 10, &fakeCamera{live: true})
	k.detector("d", 10, func(context.Context, uint64, *node.Run) error { return nil })
	k.cfg.Log, k.cfg.Precise = slog.New(slog.DiscardHandler), precise
	e := k.engine()
	if err := e.open(tb.Context(), e.w.Load()); err != nil {
		tb.Fatal(err)
	}
	e.pool.start(tb.Context())
	e.state.Store(int32(phaseOpening)) // nobody but the core goroutine, which is the caller here, has the turn
	l := e.w.Load().lanes[0]
	e.turn.claim()
	id := uint64(0)
	return func() {
			id++
			j := e.job(l)
			j.id, j.limit, j.run.N, j.plain = id, time.Second, id, plain
			j.context(e.pool.ctx)
			e.pool.send(j)
			for {
				if e.back = e.results.take(e.back[:0]); len(e.back) > 0 {
					break
				}
				if e.turn.release() {
					<-e.turn.given
				}
			}
			e.recycle(j)
		}, func() {
			e.pool.stop()
			e.wg.Wait()
			e.closeAll()
		}
}

// TestRunBudget: no allocation from the start of a run to its end, on any way. A run used to cost a job, a context with
// its timer and a closure, nine in all: at a thousand cameras that was the greater part of what the collector had to do.
func TestRunBudget(t *testing.T) {
	for _, way := range ways() {
		run, stop := bare(t, way.plain, way.precise)
		if a := testing.AllocsPerRun(500, run); a != 0 {
			t.Errorf("%s: %v allocations a run, must be 0", way.name, a)
		}
		stop()
	}
}

// way is how a run is handed over.
type way struct {
	name           string
	plain, precise bool
}

// ways are a slot's locked thread that waits for a channel, one that waits for the bell, and a goroutine, as for short runs.
func ways() []way {
	return []way{{"thread", false, false}, {"thread_bell", false, true}, {"goroutine", true, false}}
}

// BenchmarkHandover is the way to a run and back.
func BenchmarkHandover(b *testing.B) {
	for _, way := range ways() {
		b.Run(way.name, func(b *testing.B) {
			run, stop := bare(b, way.plain, way.precise)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.StopTimer()
			stop()
		})
	}
}

// TestHadItsCore: a thread that computes has its processor to itself, one that sleeps or is put aside has not; what is
// measured is the kernel's, so only that it tells the two apart is asked for.
func TestHadItsCore(t *testing.T) {
	for _, c := range []struct {
		took, computed time.Duration
		want           bool
	}{
		{10 * time.Millisecond, 10 * time.Millisecond, true},
		{10 * time.Millisecond, 9 * time.Millisecond, true},
		{10 * time.Millisecond, 8 * time.Millisecond, false},
		{10 * time.Millisecond, 0, false},
		{0, time.Microsecond, true},
	} {
		if got := hadItsCore(c.took, c.computed); got != c.want {
			t.Errorf("%v of %v: %v", c.computed, c.took, got)
		}
	}
}
