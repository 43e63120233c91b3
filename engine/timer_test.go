package engine

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// alarms are the two kinds on one engine, and what each rings.
func alarms() (*Engine, map[string]alarm, map[string]chan struct{}) {
	e := &Engine{log: slog.New(slog.DiscardHandler), begin: time.Now()}
	rung := map[string]chan struct{}{"runtime": make(chan struct{}, 8), "precise": make(chan struct{}, 8)}
	return e, map[string]alarm{
		"runtime": newRuntimeAlarm(e.now, func() { rung["runtime"] <- struct{}{} }),
		"precise": newAlarm(e, func() { rung["precise"] <- struct{}{} }),
	}, rung
}

// TestAlarms: both alarms ring at their time and not before, a later Set replaces an earlier one, and Stop ends them. Real
// time, because one of them is the kernel's.
func TestAlarms(t *testing.T) {
	e, all, rung := alarms()
	for name, a := range all {
		at := e.now().Add(20 * time.Millisecond)
		a.Set(at.Add(time.Hour))
		a.Set(at)
		<-rung[name]
		if now := e.now(); now < at {
			t.Errorf("%s: rang at %v, asked for %v", name, now, at)
		}
		a.Set(0)
		<-rung[name]
		a.Stop()
	}
	e.wg.Wait()
}

// TestPreciseRun: a run on the precise alarm confirms at the hold's own instant and leaves nothing behind.
func TestPreciseRun(t *testing.T) {
	k := newKit(t)
	k.cfg.Precise = true
	k.camera("front", 50, &fakeCamera{live: true})
	k.detector("d", 50, says(time.Millisecond, 1))
	k.event("e", "d.count", 100*time.Millisecond)
	k.sink()
	e := k.engine()
	// Real time: as long as it takes on a busy machine, and no longer.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for len(k.states()) == 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := k.states(); len(got) != 2 || got[0] != "e@front confirmed" {
		t.Errorf("records %q", got)
	}
	k.clean()
}

// BenchmarkAlarm tells how late a wake-up comes, in nanoseconds at the median, with each alarm in an otherwise idle
// process: the reason why live runs use the kernel's.
func BenchmarkAlarm(b *testing.B) {
	e, all, rung := alarms()
	for _, name := range []string{"runtime", "precise"} {
		b.Run(name, func(b *testing.B) {
			var late []time.Duration
			for b.Loop() {
				due := e.now().Add(3300 * time.Microsecond)
				all[name].Set(due)
				<-rung[name]
				late = append(late, e.now().Sub(due))
			}
			b.ReportMetric(float64(quantile(late, 0.5).Nanoseconds()), "late-p50-ns")
			b.ReportMetric(float64(quantile(late, 0.99).Nanoseconds()), "late-p99-ns")
			b.ReportMetric(0, "ns/op")
		})
		all[name].Stop()
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}
