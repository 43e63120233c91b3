package grpc

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// service is a detector service that does as a test says. Without answer it says that a person is there, as services do that
// know only the first fields of the contract.
type service struct {
	detectv1.UnimplementedDetectorServer
	unary  bool // it knows Detect alone
	answer func(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error)
	closes int // where above 0, a stream is ended after so many answers

	mu      sync.Mutex
	asked   []*detectv1.DetectRequest
	calls   int // of Detect
	streams int // of DetectStream
}

func (s *service) reply(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	if s.answer != nil {
		return s.answer(ctx, r)
	}
	return person(), nil
}

func person() *detectv1.DetectResponse {
	return &detectv1.DetectResponse{Signals: []*detectv1.SignalOut{{SignalType: "PersonDetected", Value: 1}}}
}

func (s *service) Detect(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	return s.reply(ctx, r)
}

func (s *service) DetectStream(st rpc.BidiStreamingServer[detectv1.DetectRequest, detectv1.DetectResponse]) error {
	if s.unary {
		return status.Error(codes.Unimplemented, "unknown method DetectStream")
	}
	s.mu.Lock()
	s.streams++
	s.mu.Unlock()
	for n := 1; ; n++ {
		r, err := st.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := s.reply(st.Context(), r)
		if err != nil {
			return err
		}
		if err := st.Send(a); err != nil || n == s.closes {
			return err
		}
	}
}

func (s *service) counts() (asked, calls, streams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked), s.calls, s.streams
}

func (s *service) last() *detectv1.DetectRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[len(s.asked)-1]
}

// serve runs the service at an address of this machine, "127.0.0.1:0" for a free one, until the test or the returned function
// ends it, and returns its endpoint.
func serve(t *testing.T, s detectv1.DetectorServer, at string, options ...rpc.ServerOption) (endpoint string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(options...)
	detectv1.RegisterDetectorServer(server, s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	stop = sync.OnceFunc(func() {
		server.Stop()
		wg.Wait()
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), stop
}

// rig is a detector on one camera and a picture to ask about.
type rig struct {
	t    *testing.T
	pool *frame.Pool
	inst node.Instance
	run  *node.Run
	seq  uint64
	now  tick.Time
	// names are those of the signals, in the contract's order.
	names []string
	// failures are the runs that failed, by hop and cause.
	failures map[string]int
}

const personInt = `"signals": {"person_detected": {"type": "int"}}`

func newRig(t *testing.T, k node.Kind, endpoint, more string) *rig {
	t.Helper()
	return newRigIn(t, k, nodetest.DetectorEnv(t), endpoint, more)
}

func newRigIn(t *testing.T, k node.Kind, env node.DetectorEnv, endpoint, more string) *rig {
	t.Helper()
	r := &rig{t: t, failures: map[string]int{}, now: tick.Time(time.Hour)}
	env.Now = func() tick.Time { return r.now }
	d := nodetest.OpenDetector(t, k, `{"endpoint": "`+endpoint+`", `+more+`}`, env)
	r.inst, r.run = d.Instance, node.NewRun(d.Emits)
	for _, e := range d.Emits {
		r.names = append(r.names, e.Name)
	}
	r.pool = frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 2})
	t.Cleanup(r.pool.Close)
	return r
}

// ask makes one run on a picture that is as old as age, with timeout for it, and returns what was set.
func (r *rig) ask(timeout, age time.Duration) (map[string]signal.Value, error) {
	r.t.Helper()
	f := nodetest.Picture(r.t, r.pool, frame.BGR, 64, 48, r.now.Add(-age), func(x, y int) byte { return byte(x + y) })
	defer f.Release()
	r.seq++
	f.Seq = r.seq
	return r.look(timeout, f)
}

func (r *rig) look(timeout time.Duration, f *frame.Frame) (map[string]signal.Value, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), timeout)
	defer cancel()
	r.run.Reset()
	r.run.Frames = append(r.run.Frames, f)
	r.run.Now, r.run.N = r.now, r.seq
	began := time.Now()
	err := r.inst.Detect(ctx, r.run)
	if took := time.Since(began); took > timeout+2*time.Second {
		r.t.Errorf("a run with %v for it took %v", timeout, took)
	}
	if err != nil {
		why, ok := errors.AsType[*node.Failure](err)
		if !ok {
			r.t.Fatalf("the error %v says neither hop nor cause", err)
		}
		r.failures[why.Hop+"/"+why.Cause]++
		return nil, err
	}
	got := map[string]signal.Value{}
	for _, o := range r.run.Outputs() {
		got[r.names[o.Index]] = o.Value
	}
	return got, nil
}

// must is ask with time enough; a failure fails the test.
func (r *rig) must() map[string]signal.Value {
	r.t.Helper()
	got, err := r.ask(10*time.Second, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}
