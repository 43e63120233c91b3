package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// drained is a run that takes a while to drain, and what happened to it.
type drained struct {
	signals  chan os.Signal
	drains   time.Duration // how long run goes on after it was asked to stop
	reopened int
	said     []string
	cause    error
	done     chan struct{} // closed when run has returned: cause may be read
}

func (b *drained) lifecycle(limit time.Duration) *lifecycle {
	return &lifecycle{
		run: func(ctx context.Context) error {
			defer close(b.done)
			<-ctx.Done()
			b.cause = context.Cause(ctx)
			time.Sleep(b.drains)
			return nil
		},
		reopen:  func() { b.reopened++ },
		signals: b.signals,
		limit:   limit,
		drain:   5 * time.Second,
		say:     func(s string) { b.said = append(b.said, s) },
	}
}

func TestLifecycle(t *testing.T) {
	type sent struct {
		at  time.Duration
		sig os.Signal
	}
	for _, c := range []struct {
		name     string
		limit    time.Duration
		drains   time.Duration
		signals  []sent
		code     int
		err      string
		took     time.Duration
		reopened int
	}{
		{name: "the limit", limit: 20 * time.Second, drains: time.Second, took: 21 * time.Second},
		{name: "SIGINT", drains: 2 * time.Second, signals: []sent{{3 * time.Second, syscall.SIGINT}}, took: 5 * time.Second},
		{name: "SIGTERM", drains: 2 * time.Second, signals: []sent{{3 * time.Second, syscall.SIGTERM}}, took: 5 * time.Second},
		{name: "a second signal ends at once", drains: 4 * time.Second, signals: []sent{{time.Second, syscall.SIGTERM}, {2 * time.Second, syscall.SIGINT}}, code: ExitNow, err: "second signal", took: 2 * time.Second},
		{name: "a signal after the limit ends at once", limit: time.Second, drains: 4 * time.Second, signals: []sent{{2 * time.Second, syscall.SIGINT}}, code: ExitNow, err: "second signal", took: 2 * time.Second},
		{name: "the limit after a signal changes nothing", limit: 2 * time.Second, drains: 4 * time.Second, signals: []sent{{time.Second, syscall.SIGINT}}, took: 5 * time.Second},
		{name: "SIGHUP reopens and goes on", limit: 10 * time.Second, signals: []sent{{time.Second, syscall.SIGHUP}, {2 * time.Second, syscall.SIGHUP}}, took: 10 * time.Second, reopened: 2},
		{name: "a drain without end is left behind", limit: time.Second, drains: time.Hour, code: ExitCannotRun, err: "did not stop within 10s", took: 11 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &drained{signals: make(chan os.Signal, 4), drains: c.drains, done: make(chan struct{})}
				start := time.Now()
				go func() {
					for _, s := range c.signals {
						time.Sleep(s.at - time.Since(start))
						b.signals <- s.sig
					}
				}()
				err := b.lifecycle(c.limit).wait(t.Context())
				if took := time.Since(start); took != c.took {
					t.Errorf("took %s, want %s", took, c.took)
				}
				code := ExitOK
				if err != nil {
					code = ExitCannotRun
					if e, ok := errors.AsType[*exitError](err); ok {
						code = e.code
					}
				}
				if code != c.code || c.err == "" && err != nil || c.err != "" && !strings.Contains(err.Error(), c.err) {
					t.Errorf("code %d, error %v", code, err)
				}
				if b.reopened != c.reopened {
					t.Errorf("reopened %d times, want %d", b.reopened, c.reopened)
				}
				<-b.done // what was left behind ends too, which the bubble asks for
				if b.cause == nil {
					t.Error("the run was not told why it had to stop")
				}
			})
		})
	}
}

func TestLifecycleReturnsWhatRunDoes(t *testing.T) {
	want := errors.New("no camera left")
	l := &lifecycle{run: func(context.Context) error { return want }, signals: make(chan os.Signal)}
	if err := l.wait(t.Context()); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}
