package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// mode is how the service answers.
type mode int32

const (
	well mode = iota
	errs
	resets
	garbage
	halfClosed
	large
)

// service sees a person in every picture, and has faults. Its methods are called by one goroutine, beside the calls.
type service struct {
	detectv1.UnimplementedDetectorServer
	mode    atomic.Int32
	latency atomic.Int64
	asked   atomic.Int64 // while the mode is not well
	spoiled atomic.Int64 // answers that fail a run
	stale   atomic.Int64 // pictures that were not newer than the one before

	at     string // host:port, of every life of it
	trust  *authority
	server *grpc.Server
	served sync.WaitGroup
	conns  connections
}

// start begins to serve, at the address that it had before.
func (s *service) start() error { return s.serve(s.trust) }

// serve serves with a certificate of that authority, nil: without encryption.
func (s *service) serve(by *authority) error {
	at := s.at
	if at == "" {
		at = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("the service: %w", err)
	}
	s.at = l.Addr().String()
	options := []grpc.ServerOption{grpc.ForceServerCodecV2(codec{s}), grpc.MaxSendMsgSize(1 << 30)}
	if by != nil {
		c, err := by.server()
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(c)))
	}
	s.server = grpc.NewServer(options...)
	detectv1.RegisterDetectorServer(s.server, s)
	server := s.server
	s.served.Go(func() { _ = server.Serve(s.conns.listen(l)) }) // ends with kill
	return nil
}

// kill ends the service as a dead process does.
func (s *service) kill() error {
	s.conns.thaw()
	s.server.Stop()
	s.served.Wait()
	return nil
}

func (s *service) restart() error { return errors.Join(s.kill(), s.start()) }

// disguise begins anew with a certificate that nobody trusts.
func (s *service) disguise() error {
	other, err := newAuthority()
	if err != nil {
		return err
	}
	return errors.Join(s.kill(), s.serve(other))
}

// freeze lets connections be and reads nothing from them, as a process does that stands still.
func (s *service) freeze() error { s.conns.freeze(); return nil }

func (s *service) thaw() error { s.conns.thaw(); return nil }

// Detect implements detectv1.DetectorServer.
func (s *service) Detect(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	n := int64(0)
	if mode(s.mode.Load()) != well {
		n = s.asked.Add(1)
	}
	switch mode(s.mode.Load()) {
	case errs:
		if n%5 == 0 {
			s.spoiled.Add(1)
			return nil, status.Error(codes.Internal, "the model broke")
		}
	case resets:
		if n%5 == 0 {
			s.conns.reset()
		}
	case well, garbage, large, halfClosed:
	}
	if d := time.Duration(s.latency.Load()); d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	return &detectv1.DetectResponse{
		FrameId: r.GetFrameId(), Signals: []*detectv1.SignalOut{{SignalType: "PersonDetected", Value: 1}},
	}, nil
}

// DetectStream implements detectv1.DetectorServer.
func (s *service) DetectStream(stream grpc.BidiStreamingServer[detectv1.DetectRequest, detectv1.DetectResponse]) error {
	last := uint64(0)
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if r.GetFrameId() <= last {
			s.stale.Add(1)
		}
		last = r.GetFrameId()
		if mode(s.mode.Load()) == halfClosed {
			return nil
		}
		answer, err := s.Detect(stream.Context(), r)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}
