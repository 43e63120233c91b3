package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node"
)

// The hops of a picture and its answer.
const (
	HopClient  = "client"  // before anything was sent
	HopNetwork = "network" // between here and the service
	HopServer  = "server"  // the service said so, or said nothing
	HopAnswer  = "answer"  // an answer came and is not to be used
)

// Why a run failed, at which hop.
const (
	CauseExpired  = "expired"  // client: no time was left
	CauseEncode   = "encode"   // client: the picture could not be encoded
	CauseStopped  = "stopped"  // client: the run was ended from outside
	CauseConnect  = "connect"  // network: no connection
	CauseTLS      = "tls"      // network: no trust in each other
	CauseReset    = "reset"    // network: the connection broke
	CauseDeadline = "deadline" // server: no answer in time
	CauseUnwell   = "unwell"   // server: it is not ready to answer
	CauseRefused  = "refused"  // server: it does not know us, or not the method
	CauseBusy     = "busy"     // server: it has too much to do
	CauseError    = "error"    // server: it failed
	CauseClosed   = "closed"   // server: it ended the call without an answer
	CauseLarge    = "large"    // answer: beyond maxMessage
	CauseGarbage  = "garbage"  // answer: it cannot be read, or has no value of the declared type
	CauseFrame    = "frame"    // answer: it is for another picture
	CauseModel    = "model"    // answer: the server's model is none that the options fit
)

// Fail returns the failure of a run at a hop for a cause, with both in its text.
func Fail(hop, cause string, err error) *node.Failure {
	return &node.Failure{Hop: hop, Cause: cause, Err: fmt.Errorf("%s: %s: %w", hop, cause, err)}
}

// Failed says why a call failed that was made with ctx. A failure that is one already stays what it is.
func Failed(ctx context.Context, err error) *node.Failure {
	if f, ok := errors.AsType[*node.Failure](err); ok {
		return f
	}
	if errors.Is(err, io.EOF) {
		return Fail(HopServer, CauseClosed, errors.New("it ended the call without an answer"))
	}
	s := status.Convert(err)
	text := errors.New(s.Message())
	switch s.Code() {
	case codes.DeadlineExceeded:
		if waiting(s.Message()) {
			return Fail(lost(s.Message()))
		}
		return Fail(HopServer, CauseDeadline, text)
	case codes.Canceled:
		switch {
		case expired(ctx) && waiting(s.Message()):
			return Fail(lost(s.Message()))
		case expired(ctx):
			return Fail(HopServer, CauseDeadline, context.DeadlineExceeded) // a stream was ended by its picture's deadline
		case ctx.Err() != nil:
			return Fail(HopClient, CauseStopped, ctx.Err())
		}
		return Fail(HopServer, CauseClosed, text)
	case codes.Unavailable:
		return Fail(lost(s.Message()))
	case codes.ResourceExhausted:
		// gRPC's own limit has no code of its own.
		if strings.Contains(s.Message(), "larger than max") {
			return Fail(HopAnswer, CauseLarge, text)
		}
		return Fail(HopServer, CauseBusy, text)
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return Fail(HopServer, CauseRefused, text)
	case codes.Internal:
		if unreadable(s.Message()) {
			return Fail(HopAnswer, CauseGarbage, text)
		}
		return Fail(HopServer, CauseError, text)
	case codes.OK, codes.Unknown, codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition,
		codes.Aborted, codes.OutOfRange, codes.DataLoss:
	}
	return Fail(HopServer, CauseError, fmt.Errorf("%s: %w", s.Code(), text))
}

// expired says whether a question's time is over. On a busy machine the core may give the run up before the question's own
// deadline, a few milliseconds earlier, was noticed.
func expired(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || ctx.Err() != nil && ok && !time.Now().Before(deadline)
}

// lost tells the reasons apart for which gRPC calls a service unavailable. It has one code for all of them, so its words
// decide; tests hold them to the version in go.mod.
func lost(message string) (hop, cause string, err error) {
	err = errors.New(message)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(message, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("authentication handshake failed", "x509:", "tls:"):
		return HopNetwork, CauseTLS, err
	case has("waiting for connections", "while dialing", "produced zero addresses", "no such host", "name resolver", "lookup "):
		return HopNetwork, CauseConnect, err
	case has("health check", "unhealthy"):
		return HopServer, CauseUnwell, err
	case has("error reading", "connection reset", "transport is closing", "closing transport", "connection error", "broken pipe", "keepalive", "EOF"):
		return HopNetwork, CauseReset, err
	}
	return HopServer, CauseUnwell, err
}

// waiting says whether a deadline passed before there was a connection.
func waiting(message string) bool {
	return strings.Contains(message, "waiting for connections") || strings.Contains(message, "while waiting for")
}

// unreadable says whether gRPC could not make sense of what came.
func unreadable(message string) bool {
	for _, p := range []string{"unmarshal", "decompress", "unexpected HTTP", "malformed", "payload"} {
		if strings.Contains(message, p) {
			return true
		}
	}
	return false
}
