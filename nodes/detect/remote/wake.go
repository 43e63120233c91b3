package remote

import (
	"context"
	"time"

	"google.golang.org/grpc/connectivity"
)

// wakeMost bounds how long a question waits for a connection that was lost: a service in reach takes milliseconds.
const wakeMost = time.Second

// Wake has a lost connection tried at once, and waits for it for half of ctx's time, at most a second. It is called before each
// question: gRPC by itself tries again when its pause is over and refuses questions until then, so that the probe of a detector
// would find a service lost that is back, and the next probe comes after twice the time. Nothing is done while the connection is
// well.
func (c *Conn) Wake(ctx context.Context) {
	if c.GetState() != connectivity.TransientFailure {
		return
	}
	wait := wakeMost
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	c.ResetConnectBackoff()
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	c.WaitForStateChange(ctx, connectivity.TransientFailure) // whatever comes of it, the question will tell
}
