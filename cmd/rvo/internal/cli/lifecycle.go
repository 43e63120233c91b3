package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// overtime is what a run gets beyond the bound of its drain before it is left behind: enough to write the last records.
const overtime = 5 * time.Second

// errEnough is why a run ends by itself.
var errEnough = errors.New("--for is over")

// lifecycle runs a pipeline until it ends, is asked to stop, or has run for long enough.
type lifecycle struct {
	run     func(context.Context) error
	reopen  func()           // SIGHUP
	signals <-chan os.Signal // SIGINT, SIGTERM, SIGHUP
	limit   time.Duration    // --for; 0: none
	drain   time.Duration    // what run keeps after its context is done
	say     func(string)     // to the person who asked
}

// wait returns when run has. The first SIGINT or SIGTERM, or the end of the limit, asks it to drain; the second signal
// ends it at once, and so does a drain that is far past its bound.
func (l *lifecycle) wait(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	done := make(chan error, 1)
	go func() { done <- l.run(ctx) }()

	var enough, late <-chan time.Time
	if l.limit > 0 {
		t := time.NewTimer(l.limit)
		defer t.Stop()
		enough = t.C
	}
	stopping := false
	end := func(cause error) {
		stopping = true
		stop(cause)
		t := time.NewTimer(l.drain + overtime)
		late = t.C // not stopped: the process ends with it
	}
	for {
		select {
		case err := <-done:
			return err
		case <-enough:
			enough = nil
			if !stopping {
				end(errEnough)
			}
		case <-late:
			return fmt.Errorf("did not stop within %s: left behind, the last records and clips may be missing", l.drain+overtime)
		case s := <-l.signals:
			switch {
			case s == syscall.SIGHUP:
				l.reopen()
			case stopping:
				return &exitError{ExitNow, fmt.Errorf("second signal (%s): ended at once", s)}
			default:
				l.say(fmt.Sprintf("%s: stopping within %s; once more to end at once", s, l.drain))
				end(fmt.Errorf("signal: %s", s))
			}
		}
	}
}
