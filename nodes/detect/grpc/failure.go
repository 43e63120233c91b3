package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node"
)

// The hops of a picture and its answer.
const (
	hopClient  = "client"  // before anything was sent
	hopNetwork = "network" // between here and the service
	hopServer  = "server"  // the service said so, or said nothing
	hopAnswer  = "answer"  // an answer came and is not to be used
)

// Why a run failed, at which hop.
const (
	causeExpired  = "expired"  // client: no time was left
	causeEncode   = "encode"   // client: the picture could not be encoded
	causeStopped  = "stopped"  // client: the run was ended from outside
	causeConnect  = "connect"  // network: no connection
	causeTLS      = "tls"      // network: no trust in each other
	causeReset    = "reset"    // network: the connection broke
	causeDeadline = "deadline" // server: no answer in time
	causeUnwell   = "unwell"   // server: it is not ready to answer
	causeRefused  = "refused"  // server: it does not know us, or not the method
	causeBusy     = "busy"     // server: it has too much to do
	causeError    = "error"    // server: it failed
	causeClosed   = "closed"   // server: it ended the call without an answer
	causeLarge    = "large"    // answer: beyond maxMessage
	causeGarbage  = "garbage"  // answer: it cannot be read, or has no value of the declared type
	causeFrame    = "frame"    // answer: it is for another picture
)

func failure(hop, cause string, err error) *node.Failure {
	return &node.Failure{Hop: hop, Cause: cause, Err: fmt.Errorf("%s: %s: %w", hop, cause, err)}
}

// failed says why a call failed.
func failed(ctx context.Context, err error) *node.Failure {
	if f, ok := errors.AsType[*node.Failure](err); ok {
		return f
	}
	if errors.Is(err, io.EOF) {
		return failure(hopServer, causeClosed, errors.New("it ended the call without an answer"))
	}
	s := status.Convert(err)
	text := errors.New(s.Message())
	switch s.Code() {
	case codes.DeadlineExceeded:
		if waiting(s.Message()) {
			return failure(lost(s.Message()))
		}
		return failure(hopServer, causeDeadline, text)
	case codes.Canceled:
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded) && waiting(s.Message()):
			return failure(lost(s.Message()))
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return failure(hopServer, causeDeadline, context.DeadlineExceeded) // a stream was ended by its picture's deadline
		case ctx.Err() != nil:
			return failure(hopClient, causeStopped, ctx.Err())
		}
		return failure(hopServer, causeClosed, text)
	case codes.Unavailable:
		return failure(lost(s.Message()))
	case codes.ResourceExhausted:
		// gRPC's own limit has no code of its own.
		if strings.Contains(s.Message(), "larger than max") {
			return failure(hopAnswer, causeLarge, text)
		}
		return failure(hopServer, causeBusy, text)
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return failure(hopServer, causeRefused, text)
	case codes.Internal:
		if unreadable(s.Message()) {
			return failure(hopAnswer, causeGarbage, text)
		}
		return failure(hopServer, causeError, text)
	case codes.OK, codes.Unknown, codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition,
		codes.Aborted, codes.OutOfRange, codes.DataLoss:
	}
	return failure(hopServer, causeError, fmt.Errorf("%s: %w", s.Code(), text))
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
		return hopNetwork, causeTLS, err
	case has("waiting for connections", "while dialing", "produced zero addresses", "no such host", "name resolver", "lookup "):
		return hopNetwork, causeConnect, err
	case has("health check", "unhealthy"):
		return hopServer, causeUnwell, err
	case has("error reading", "connection reset", "transport is closing", "closing transport", "connection error", "broken pipe", "keepalive", "EOF"):
		return hopNetwork, causeReset, err
	}
	return hopServer, causeUnwell, err
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
