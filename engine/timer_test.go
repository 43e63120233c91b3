package engine

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"
)

// TestAlarms: both alarms wake at their time and not before, a later Set replaces an earlier one, and Stop ends them. Real
// time, because one of them is the kernel's.
func TestAlarms(t *testing.T) {
	e := &Engine{log: slog.New(slog.DiscardHandler)}
	for name, a := range map[string]alarm{"runtime": newRuntimeAlarm(), "precise": newAlarm(e)} {
		begin := time.Now()
		a.Set(time.Hour)
		a.Set(20 * time.Millisecond)
		<-a.Wake()
		if d := time.Since(begin); d < 20*time.Millisecond {
			t.Errorf("%s: woke after %v, asked for 20ms", name, d)
		}
		a.Set(0)
		<-a.Wake()
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
	k.clean(e)
}

// BenchmarkAlarm tells how late a wake-up comes, in nanoseconds at the median, with each alarm in an otherwise idle
// process: the reason why live runs use the kernel's.
func BenchmarkAlarm(b *testing.B) {
	e := &Engine{log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		name string
		make func() alarm
	}{{"runtime", newRuntimeAlarm}, {"precise", func() alarm { return newAlarm(e) }}} {
		b.Run(c.name, func(b *testing.B) {
			a := c.make()
			defer a.Stop()
			var late []time.Duration
			const ahead = 3300 * time.Microsecond
			for b.Loop() {
				due := time.Now().Add(ahead)
				a.Set(ahead)
				<-a.Wake()
				late = append(late, time.Since(due))
			}
			b.ReportMetric(float64(quantile(late, 0.5).Nanoseconds()), "late-p50-ns")
			b.ReportMetric(float64(quantile(late, 0.99).Nanoseconds()), "late-p99-ns")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}
