package grpc

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/tick"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// stream is the call over which a camera's pictures go, opened with the first. One run at a time uses it; end may come from
// anywhere, for a run may be given up.
type stream struct {
	mu struct {
		sync.Mutex
		call   *call
		old    *call // it is told that no more comes, and given up with the next picture
		opened int
		closed bool
	}
}

// call is one call of DetectStream.
type call struct {
	rpc.BidiStreamingClient[detectv1.DetectRequest, detectv1.DetectResponse]
	cancel context.CancelFunc
	until  tick.Time
}

// A call begins anew after firstLife, then after twice as long and so on up to lastLife. Which replica a call goes to is decided when
// it begins: those that begin together, before all replicas have a connection, would stay with one of them for ever, and one
// that comes back would never be asked again. A beginning costs one small frame on a connection that is there.
const (
	firstLife = 5 * time.Second
	lastLife  = 80 * time.Second
)

// ask sends a question and waits for its answer. Whatever goes wrong ends the call, for the next answer on it would be to an
// old question. A service may end a call between two pictures, as it does to stop gracefully: then it is asked once more over
// a new one.
func (s *stream) ask(ctx context.Context, client detectv1.DetectorClient, r *detectv1.DetectRequest, now tick.Time) (*detectv1.DetectResponse, error) {
	used := s.use(now)
	if used != nil {
		answer, err := s.over(ctx, used, r)
		again := errors.Is(err, io.EOF) || status.Code(err) == codes.Unavailable
		if !again || ctx.Err() != nil {
			return answer, err
		}
	}
	fresh, err := s.open(ctx, client, now)
	if err != nil {
		return nil, err
	}
	return s.over(ctx, fresh, r)
}

// use returns the call that is open, nil where another has to be. It ends one that has lived long enough.
func (s *stream) use(now tick.Time) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
	if c := s.mu.call; c != nil && now >= c.until {
		_ = c.CloseSend() // the service ends it, in its own time and without an error
		s.mu.call, s.mu.old = nil, c
	}
	return s.mu.call
}

// drop gives up the call before the present one. The lock is held.
func (s *stream) drop() {
	if s.mu.old != nil {
		s.mu.old.cancel()
		s.mu.old = nil
	}
}

// open makes a call. It outlives the run, whose time bounds how long its beginning may take.
func (s *stream) open(ctx context.Context, client detectv1.DetectorClient, now tick.Time) (*call, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	c, err := client.DetectStream(life)
	if err != nil {
		cancel()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		cancel()
		return nil, context.Canceled
	}
	s.mu.call = &call{c, cancel, now.Add(min(firstLife<<min(s.mu.opened, 10), lastLife))}
	s.mu.opened++
	return s.mu.call, nil
}

// over asks over a call, and gives the call up unless an answer comes in time.
func (s *stream) over(ctx context.Context, c *call, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	stop := context.AfterFunc(ctx, c.cancel) // neither Send nor Recv knows the picture's deadline
	defer stop()
	err := c.Send(r)
	if err == nil || errors.Is(err, io.EOF) { // io.EOF: Recv knows why
		var answer *detectv1.DetectResponse
		if answer, err = c.Recv(); err == nil {
			return answer, nil
		}
	}
	s.end()
	return nil, err
}

// end gives the call up.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop()
	if s.mu.call != nil {
		s.mu.call.cancel()
		s.mu.call = nil
	}
}

// close gives the call up, and any that a run makes that was given up itself.
func (s *stream) close() {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.end()
}

func unimplemented(err error) bool { return status.Code(err) == codes.Unimplemented }
