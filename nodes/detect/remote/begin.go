package remote

import (
	"context"
	"errors"
	"time"
)

// A run ends this long before its time is up, at most, so that an answer that does not come is told as what it is and the
// run not abandoned as one that hangs: a fiftieth of the time, and never more than the wake-up of a busy machine takes.
const (
	reserveShare = 50
	reserveMost  = 5 * time.Millisecond
)

// Reserve returns ctx with a deadline a little earlier, and that deadline; ok is false, and ctx the same, for one that has none.
// The caller calls cancel in any case.
func Reserve(ctx context.Context) (_ context.Context, deadline time.Time, ok bool, cancel context.CancelFunc) {
	deadline, ok = ctx.Deadline()
	if !ok {
		return ctx, deadline, false, func() {}
	}
	deadline = deadline.Add(-min(time.Until(deadline)/reserveShare, reserveMost))
	ctx, cancel = context.WithDeadline(ctx, deadline)
	return ctx, deadline, true, cancel
}

// Live returns the failure of a question that is not worth sending: no time is left, or the run was ended. It is nil for
// others.
func Live(ctx context.Context) error {
	switch {
	case ctx.Err() == nil:
		return nil
	case expired(ctx):
		return Fail(HopClient, CauseExpired, errors.New("no time was left to send the picture"))
	}
	return Fail(HopClient, CauseStopped, ctx.Err())
}
