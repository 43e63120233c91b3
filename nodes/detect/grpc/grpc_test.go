package grpc

import (
	"context"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/detect/remote"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

func TestMain(m *testing.M) {
	remote.Quiet(os.Getenv)
	goleak.VerifyTestMain(m)
}

func TestDefaults(t *testing.T) {
	nodetest.Defaults(t, Kind(), Options{Endpoint: "x"}.completed())
}

func TestKind(t *testing.T) {
	at, _ := serve(t, &service{}, "127.0.0.1:0")
	old, _ := serve(t, &service{unary: true}, "127.0.0.1:0")
	nodetest.Run(t, Kind(),
		nodetest.Case{Name: "streams", Options: `{"endpoint": "` + at + `", ` + personInt + `}`},
		nodetest.Case{Name: "calls", Options: `{"endpoint": "` + old + `", ` + personInt + `, "format": "bgr"}`},
		nodetest.Case{Name: "nobody there", Options: `{"endpoint": "http://127.0.0.1:1", ` + personInt + `}`, Failing: true},
		nodetest.Case{Name: "no endpoint", Options: `{` + personInt + `}`, Refused: `endpoint "": has no scheme`},
		nodetest.Case{Name: "no signals", Options: `{"endpoint": "http://a:1"}`, Refused: "no signals"},
		nodetest.Case{Name: "type", Options: `{"endpoint": "http://a:1", "signals": {"a": {"type": "text"}}}`, Refused: `signal "a": type "text"`},
		nodetest.Case{Name: "bounds", Options: `{"endpoint": "http://a:1", "signals": {"a": {"type": "int", "min": 2, "max": 1}}}`, Refused: "min 2 is above max 1"},
		nodetest.Case{Name: "one wire name", Options: `{"endpoint": "http://a:1", "signals": {"a": {"type": "int", "wire": "X"}, "b": {"type": "int", "wire": "X"}}}`, Refused: `both have the wire name "X"`},
		nodetest.Case{Name: "certificates in clear", Options: `{"endpoint": "http://a:1", "tls": {}, ` + personInt + `}`, Refused: "tls is for https://"},
		nodetest.Case{Name: "half a pair", Options: `{"endpoint": "https://a:1", "tls": {"cert": "a.pem"}, ` + personInt + `}`, Refused: "belong together"},
		nodetest.Case{Name: "token in clear", Options: `{"endpoint": "http://a:1", "token": {"env": "T"}, ` + personInt + `}`, Refused: "in clear"},
		nodetest.Case{Name: "service config", Options: `{"endpoint": "http://a:1", "serviceConfig": "{", ` + personInt + `}`, Refused: "serviceConfig is not JSON"},
		nodetest.Case{Name: "service config that gRPC refuses", Options: `{"endpoint": "http://a:1", "serviceConfig": "{\"loadBalancingConfig\": 3}", ` + personInt + `}`, Refused: "endpoint http://a:1"},
		nodetest.Case{Name: "no such file", Options: `{"endpoint": "https://a:1", "tls": {"ca": "none.pem"}, ` + personInt + `}`, Refused: "tls.ca"},
	)
}

// TestWhatGoesOut: everything that the contract has says what it should.
func TestWhatGoesOut(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt)
	before := time.Now()
	if _, err := r.ask(4*time.Second, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	q := s.last()
	if q.GetFrameId() != 1 || q.GetCamera() != "front" || q.GetDetector() != "node" || q.GetImage() != nil {
		t.Errorf("asked with %d, %q, %q, %v", q.GetFrameId(), q.GetCamera(), q.GetDetector(), q.GetImage())
	}
	if ct := http.DetectContentType(q.GetFrameJpeg()); ct != "image/jpeg" {
		t.Errorf("the picture is %s", ct)
	}
	taken := time.Unix(0, int64(q.GetTsNs()))
	if d := taken.Sub(before.Add(-300 * time.Millisecond)); d < 0 || d > 2*time.Second {
		t.Errorf("the picture says it was taken %v after it was", d)
	}
	if b := time.Duration(q.GetBudgetNs()); b <= 0 || b >= 4*time.Second {
		t.Errorf("the budget of a run with 4s is %v", b)
	}

	raw := newRig(t, Kind(), at, personInt+`, "format": "bgr"`)
	raw.must()
	q = s.last()
	if im := q.GetImage(); len(q.GetFrameJpeg()) != 0 || im.GetFormat() != "bgr" || im.GetWidth() != 64 || im.GetHeight() != 48 || len(im.GetData()) != 3*64*48 || im.GetData()[3] != 1 {
		t.Errorf("without compression the picture is %d bytes of %q, %d x %d", len(im.GetData()), im.GetFormat(), im.GetWidth(), im.GetHeight())
	}
}

// TestStreamsAreUsedWhereTheyAre: one call for all pictures of a camera where the service has that; after one question a call
// each where it has not; and with retries and balancing of the pipeline's own from the start.
func TestStreamsAreUsedWhereTheyAre(t *testing.T) {
	for _, c := range []struct {
		name               string
		service            *service
		more               string
		calls, streams, of int
	}{
		{"streams", &service{}, "", 0, 1, 5},
		{"calls", &service{unary: true}, "", 5, 0, 5},
		{"service config", &service{}, `, "serviceConfig": "{}"`, 5, 0, 5},
		{"the service ends each stream after two answers", &service{closes: 2}, "", 0, 3, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, _ := serve(t, c.service, "127.0.0.1:0")
			r := newRig(t, Kind(), at, personInt+c.more)
			for range c.of {
				if got := r.must(); got["person_detected"].AsInt() != 1 {
					t.Errorf("got %v", got)
				}
			}
			asked, calls, streams := c.service.counts()
			if asked != c.of || calls != c.calls || streams != c.streams {
				t.Errorf("%d questions in %d calls and %d streams, want %d in %d and %d", asked, calls, streams, c.of, c.calls, c.streams)
			}
		})
	}
}

// counting counts what an encoder does.
type counting struct {
	frame.StdCodec
	n atomic.Int64
}

func (c *counting) EncodeJPEG(p frame.Plane, quality int) ([]byte, error) {
	c.n.Add(1)
	return c.StdCodec.EncodeJPEG(p, quality)
}

// TestEightDetectorsShareOneEncodingAndOneConnection is what remote detectors on one camera cost.
func TestEightDetectorsShareOneEncodingAndOneConnection(t *testing.T) {
	s := &service{}
	accepted := &accepting{}
	at, _ := serve(t, s, "127.0.0.1:0", rpc.InTapHandle(accepted.tap))
	k := Kind()
	codec := &counting{}
	env := nodetest.DetectorEnv(t)
	env.Codec = codec
	var rigs []*rig
	for range 8 {
		rigs = append(rigs, newRigIn(t, k, env, at, personInt))
	}
	const pictures = 6
	for n := range pictures {
		f := nodetest.Picture(t, rigs[0].pool, frame.BGR, 64, 48, rigs[0].now, func(x, _ int) byte { return byte(x * (n + 1)) })
		f.Seq = uint64(n + 1)
		var wg sync.WaitGroup
		for _, r := range rigs {
			wg.Go(func() {
				if _, err := r.look(10*time.Second, f); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		f.Release()
	}
	if n := codec.n.Load(); n != pictures {
		t.Errorf("%d pictures were encoded %d times", pictures, n)
	}
	if asked, _, _ := s.counts(); asked != 8*pictures {
		t.Errorf("%d questions, want %d", asked, 8*pictures)
	}
	if n := accepted.peers(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	t.Logf("8 detectors, %d pictures: %d encodings, 1 connection", pictures, codec.n.Load())
}

// TestValuesThatAreTooOldAreLeftOut: a service may say for how long its word counts.
func TestValuesThatAreTooOldAreLeftOut(t *testing.T) {
	at, _ := serve(t, &service{answer: func(context.Context, *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
		a := person()
		a.Signals[0].TtlNs = uint64(200 * time.Millisecond)
		return a, nil
	}}, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt)
	for age, want := range map[time.Duration]int{100 * time.Millisecond: 1, 300 * time.Millisecond: 0} {
		if got, err := r.ask(5*time.Second, age); err != nil || len(got) != want {
			t.Errorf("of a picture %v old %v (%v), want %d values", age, got, err, want)
		}
	}
}

func TestToken(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	at, _ := serve(t, &service{unary: true, answer: func(ctx context.Context, _ *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		md, _ := metadata.FromIncomingContext(ctx)
		if seen = md.Get("authorization"); len(seen) != 1 || seen[0] != "Bearer wonder" {
			return nil, status.Error(codes.Unauthenticated, "who are you?")
		}
		return person(), nil
	}}, "127.0.0.1:0")
	env := nodetest.DetectorEnv(t)
	env.Secret = func(node.Secret) (string, error) { return "wonder", nil }
	newRigIn(t, Kind(), env, at, personInt+`, "token": {"env": "T"}`).must()

	without := newRig(t, Kind(), at, personInt)
	if _, err := without.ask(5*time.Second, 0); err == nil || without.failures["server/refused"] != 1 {
		t.Errorf("without the token: %v, %v", err, without.failures)
	}
}

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "rvo") //nolint:usetesting // a socket's path is short, and a test's folder is not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := filepath.Join(dir, "s")
	l, err := net.Listen("unix", at)
	if err != nil {
		t.Skipf("there are no sockets in the file system here: %v", err)
	}
	server := rpc.NewServer()
	detectv1.RegisterDetectorServer(server, &service{})
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { server.Stop(); wg.Wait() })
	newRig(t, Kind(), "unix://"+at, personInt).must()
}

// TestAServiceThatCallsItselfUnwellIsNotAsked: gRPC's health service decides where there is one.
func TestAServiceThatCallsItselfUnwellIsNotAsked(t *testing.T) {
	s := &service{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer()
	detectv1.RegisterDetectorServer(server, s)
	h := health.NewServer()
	healthv1.RegisterHealthServer(server, h)
	h.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { h.Shutdown(); server.Stop(); wg.Wait() })

	r := newRig(t, Kind(), "http://"+l.Addr().String(), personInt)
	if _, err := r.ask(2*time.Second, 0); err == nil {
		t.Error("a service that is unwell was asked")
	}
	if want := map[string]int{"server/unwell": 1}; !maps.Equal(r.failures, want) {
		t.Errorf("failures %v, want %v", r.failures, want)
	}
	if asked, _, _ := s.counts(); asked != 0 {
		t.Errorf("it was asked %d times", asked)
	}
	h.SetServingStatus("", healthv1.HealthCheckResponse_SERVING)
	eventually(t, 10*time.Second, func() bool { _, err := r.ask(time.Second, 0); return err == nil })
}

// eventually tries until ok, for things that other processes and gRPC's own timers do in real time.
func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v", within)
		}
	}
}
