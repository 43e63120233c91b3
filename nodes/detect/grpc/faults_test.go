package grpc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/detect/remote"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// check compares the failures of a rig.
func (r *rig) check(want map[string]int) {
	r.t.Helper()
	if !maps.Equal(r.failures, want) {
		r.t.Errorf("failures by hop and cause are %v, want %v", r.failures, want)
	}
}

// both runs a test against a service with streams and one that knows calls alone.
func both(t *testing.T, test func(t *testing.T, unary bool)) {
	t.Helper()
	t.Run("stream", func(t *testing.T) { test(t, false) })
	t.Run("call", func(t *testing.T) { test(t, true) })
}

func TestLatency(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		for _, c := range []struct {
			latency, timeout time.Duration
			want             map[string]int
		}{
			{0, 10 * time.Second, map[string]int{}},
			{50 * time.Millisecond, 10 * time.Second, map[string]int{}},
			{time.Minute, 500 * time.Millisecond, map[string]int{"server/deadline": 3}},
		} {
			var ended atomic.Int64 // answers that were given up when their time was over
			at, _ := serve(t, &service{unary: unary, answer: func(ctx context.Context, q *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
				select {
				case <-time.After(c.latency):
				case <-ctx.Done():
					ended.Add(1)
					return nil, ctx.Err()
				}
				a := person()
				a.FrameId = q.GetFrameId()
				return a, nil
			}}, "127.0.0.1:0")
			r := newRig(t, Kind(), at, personInt)
			for range 3 {
				if got, err := r.ask(c.timeout, 0); err == nil && got["person_detected"].AsInt() != 1 {
					t.Errorf("latency %v: got %v", c.latency, got)
				}
			}
			r.check(c.want)
			eventually(t, 5*time.Second, func() bool { return int(ended.Load()) == c.want["server/deadline"] })
		}
	})
}

func TestEveryFifthFails(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		var n atomic.Int64
		at, _ := serve(t, &service{unary: unary, answer: func(context.Context, *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			if i := n.Add(1); i%5 == 0 {
				return nil, status.Error(codes.Internal, "the model broke")
			}
			return person(), nil
		}}, "127.0.0.1:0")
		r := newRig(t, Kind(), at, personInt)
		good := 0
		for range 50 {
			if _, err := r.ask(10*time.Second, 0); err == nil {
				good++
			}
		}
		if r.check(map[string]int{"server/error": 10}); good != 40 {
			t.Errorf("%d of 50 answers, want 40", good)
		}
	})
}

// TestCodes: what a service says of itself comes out as what it is.
func TestCodes(t *testing.T) {
	for code, want := range map[codes.Code]string{
		codes.ResourceExhausted: "server/busy",
		codes.Unavailable:       "server/unwell",
		codes.Unauthenticated:   "server/refused",
		codes.PermissionDenied:  "server/refused",
		codes.InvalidArgument:   "server/error",
		codes.Unknown:           "server/error",
	} {
		at, _ := serve(t, &service{unary: true, answer: func(context.Context, *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			return nil, status.Error(code, "no")
		}}, "127.0.0.1:0")
		r := newRig(t, Kind(), at, personInt)
		_, err := r.ask(10*time.Second, 0)
		r.check(map[string]int{want: 1})
		if hop, _, _ := strings.Cut(want, "/"); err == nil || !strings.HasPrefix(err.Error(), hop+": ") {
			t.Errorf("%v: the message is %q", code, err)
		}
	}
}

// listen takes connections and hands each to f.
func listen(t *testing.T, f func(net.Conn)) (endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			wg.Go(func() { f(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// TestWhoIsNoService: connections that are taken and then hang, break, or carry something else.
func TestWhoIsNoService(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		hop   string
	}{
		{"hangs", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "network/connect"},
		{"breaks", func(c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}, "network/reset"},
		{"speaks something else", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "network/reset"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Kind(), listen(t, c.serve), personInt)
			for range 3 {
				if got, err := r.ask(300*time.Millisecond, 0); err == nil {
					t.Errorf("got %v", got)
				}
			}
			total := 0
			for k, n := range r.failures {
				if hop, _, _ := strings.Cut(k, "/"); hop != "network" {
					t.Errorf("%d failures are %s", n, k)
				}
				total += n
			}
			if total != 3 || c.name == "hangs" && r.failures[c.hop] != 3 {
				t.Errorf("failures are %v, want 3, of %s", r.failures, c.hop)
			}
		})
	}
	r := newRig(t, Kind(), "http://127.0.0.1:1", personInt)
	for range 3 {
		_, _ = r.ask(2*time.Second, 0)
	}
	r.check(map[string]int{"network/connect": 3})
}

// TestResets: a connection that breaks in the middle of a question costs that run and no other.
func TestResets(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		var breaks atomic.Bool
		var mu sync.Mutex
		var conns []net.Conn
		at, _ := serveOn(t, &service{unary: unary, answer: func(ctx context.Context, _ *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			if breaks.CompareAndSwap(true, false) {
				mu.Lock()
				for _, c := range conns {
					_ = c.(*net.TCPConn).SetLinger(0)
					_ = c.Close()
				}
				conns = nil
				mu.Unlock()
				<-ctx.Done()
			}
			return person(), nil
		}}, func(c net.Conn) {
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		})
		r := newRig(t, Kind(), at, personInt)
		r.must()
		for n := 1; n <= 5; n++ {
			breaks.Store(true)
			// A stream that was used is tried once more over a new connection, for it may just have ended.
			got, err := r.ask(10*time.Second, 0)
			if unary && err == nil || !unary && (err != nil || got["person_detected"].AsInt() != 1) {
				t.Errorf("break %d gives %v, %v", n, got, err)
			}
			eventually(t, 10*time.Second, func() bool {
				_, err := r.ask(time.Second, 0)
				if err != nil {
					r.failures["network/connect"] = 0 // between the break and the next try of the connection
					delete(r.failures, "network/connect")
				}
				return err == nil
			})
		}
		want := map[string]int{}
		if unary {
			want["network/reset"] = 5
		}
		r.check(want)
	})
}

// serveOn is serve with a look at each connection.
func serveOn(t *testing.T, s detectv1.DetectorServer, look func(net.Conn)) (endpoint string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer()
	detectv1.RegisterDetectorServer(server, s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(looking{l, look}) })
	stop = sync.OnceFunc(func() { server.Stop(); wg.Wait() })
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), stop
}

type looking struct {
	net.Listener
	look func(net.Conn)
}

func (l looking) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.look(c)
	}
	return c, err
}

// nonsense answers every question with bytes that are no message.
type nonsense struct{}

func (nonsense) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer("\xff\xff\xff\xff\x07 not a message")}, nil
}

func (nonsense) Unmarshal(data mem.BufferSlice, v any) error {
	return encoding.GetCodecV2("proto").Unmarshal(data, v)
}

func (nonsense) Name() string { return "proto" }

func TestGarbage(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		at, _ := serve(t, &service{unary: unary}, "127.0.0.1:0", rpc.ForceServerCodecV2(nonsense{}))
		r := newRig(t, Kind(), at, personInt)
		for range 3 {
			_, _ = r.ask(10*time.Second, 0)
		}
		r.check(map[string]int{"answer/garbage": 3})

		wrong := &service{unary: unary, answer: func(context.Context, *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			return &detectv1.DetectResponse{Signals: []*detectv1.SignalOut{
				{SignalType: "PersonDetected", Typed: &detectv1.SignalOut_LabelValue{LabelValue: "yes"}},
			}}, nil
		}}
		at, _ = serve(t, wrong, "127.0.0.1:0")
		typed := newRig(t, Kind(), at, personInt)
		if got, err := typed.ask(10*time.Second, 0); err == nil || len(got) != 0 {
			t.Errorf("a label for an int gives %v", got)
		}
		typed.check(map[string]int{"answer/garbage": 1})

		other := &service{unary: unary, answer: func(_ context.Context, q *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			a := person()
			if a.FrameId = q.GetFrameId(); q.GetFrameId() == 2 {
				a.FrameId = 1 // the answer to the picture before
			}
			return a, nil
		}}
		at, _ = serve(t, other, "127.0.0.1:0")
		frames := newRig(t, Kind(), at, personInt)
		for range 4 {
			_, _ = frames.ask(10*time.Second, 0)
		}
		frames.check(map[string]int{"answer/frame": 1})
	})
}

// TestHalfClosed: a service that ends its streams without a word, at once and between pictures.
func TestHalfClosed(t *testing.T) {
	at, _ := serve(t, silent{}, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt)
	for range 3 {
		_, _ = r.ask(10*time.Second, 0)
	}
	r.check(map[string]int{"server/closed": 3})
}

type silent struct {
	detectv1.UnimplementedDetectorServer
}

func (silent) DetectStream(rpc.BidiStreamingServer[detectv1.DetectRequest, detectv1.DetectResponse]) error {
	return nil
}

// TestAnswerOf100MiB: what is larger than maxMessage is refused by its announced size.
func TestAnswerOf100MiB(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		large := person()
		large.Signals[0].Typed = &detectv1.SignalOut_LabelValue{LabelValue: strings.Repeat("x", 100<<20)}
		at, _ := serve(t, &service{unary: unary, answer: func(_ context.Context, q *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
			if q.GetFrameId() == 2 {
				return large, nil
			}
			return person(), nil
		}}, "127.0.0.1:0", rpc.MaxSendMsgSize(1<<30))
		r := newRig(t, Kind(), at, personInt)
		for range 4 {
			_, _ = r.ask(20*time.Second, 0)
		}
		r.check(map[string]int{"answer/large": 1})
	})
}

// TestKilledAndBack: the first question after a service is back is answered, however long gRPC would have waited before it tries
// the connection again: that question is a probe, and the next one comes after twice the time.
func TestKilledAndBack(t *testing.T) {
	both(t, func(t *testing.T, unary bool) {
		at, stop := serve(t, &service{unary: unary}, "127.0.0.1:0")
		r := newRig(t, Kind(), at, personInt)
		r.must()
		stop()
		for range 3 {
			if got, err := r.ask(300*time.Millisecond, 0); err == nil {
				t.Errorf("a dead service gives %v", got)
			}
		}
		for k := range r.failures {
			if !strings.HasPrefix(k, "network/") {
				t.Errorf("a dead service counts as %v", r.failures)
			}
		}
		back := &service{unary: !unary} // and another version of it
		serve(t, back, strings.TrimPrefix(at, "http://"))
		if _, err := r.ask(10*time.Second, 0); err != nil {
			t.Errorf("the first question after it is back gives %v", err)
		}
		if _, calls, streams := back.counts(); unary && streams == 0 || !unary && calls == 0 {
			t.Errorf("who is back was asked in %d calls and %d streams", calls, streams)
		}
	})
}

func TestNothingIsSentWithoutTime(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt)
	r.must()
	for range 3 {
		_, _ = r.ask(-time.Millisecond, 0)
	}
	r.check(map[string]int{"client/expired": 3})
	if asked, _, _ := s.counts(); asked != 1 {
		t.Errorf("%d questions, want the first alone", asked)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := nodetest.Picture(t, r.pool, 0, 64, 48, r.now, func(int, int) byte { return 1 })
	defer f.Release()
	r.run.Reset()
	r.run.Frames = append(r.run.Frames, f)
	why, ok := errors.AsType[*node.Failure](r.inst.Detect(ctx, r.run))
	if !ok || why.Cause != remote.CauseStopped {
		t.Errorf("a run that was ended gives %v", why)
	}
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key, a.pem = a.make(template)
	return a
}

func (a *authority) make(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// pair returns a certificate for name and its key, in PEM form.
func (a *authority) pair(name string) (cert, key []byte) {
	a.t.Helper()
	return a.pairUntil(name, time.Now().Add(time.Hour))
}

// pairUntil is pair with the end of the certificate's time.
func (a *authority) pairUntil(name string, end time.Time) (cert, key []byte) {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: end,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses, template.DNSNames = []net.IP{ip}, nil
	}
	_, k, cert := a.make(template)
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// TestTLS: who is trusted is asked, who is not is not, and a service that wants to know us does.
func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.pair("127.0.0.1")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(ours.pem)
	open := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	closed := open.Clone()
	closed.ClientCAs, closed.ClientAuth = known, tls.RequireAndVerifyClientCert

	oldCert, oldKey := ours.pairUntil("127.0.0.1", time.Now().Add(-time.Minute))
	old, err := tls.X509KeyPair(oldCert, oldKey)
	if err != nil {
		t.Fatal(err)
	}
	stale := &tls.Config{Certificates: []tls.Certificate{old}, MinVersion: tls.VersionTLS12}

	env := nodetest.DetectorEnv(t)
	secrets := map[string]string{}
	env.Secret = func(s node.Secret) (string, error) {
		if v, ok := secrets[s.Env]; ok {
			return v, nil
		}
		return "", fmt.Errorf("there is no %s", s.Env)
	}
	put := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(env.Dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mine, mineKey := ours.pair("rvo")
	put("ca.pem", ours.pem)
	put("others.pem", theirs.pem)
	put("rvo.pem", mine)
	secrets["KEY"] = string(mineKey)

	for _, c := range []struct {
		name   string
		config *tls.Config
		tls    string
		want   string // hop and cause; empty: it works
	}{
		{"trusted", open, `"ca": "ca.pem"`, ""},
		{"not trusted", open, `"ca": "others.pem"`, "network/tls"},
		{"not for this name", open, `"ca": "ca.pem", "serverName": "models.example"`, "network/tls"},
		{"no longer valid", stale, `"ca": "ca.pem"`, "network/tls"},
		{"not known to it", closed, `"ca": "ca.pem"`, "network/tls"},
		{"known to it", closed, `"ca": "ca.pem", "cert": "rvo.pem", "key": {"env": "KEY"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, _ := serve(t, &service{}, "127.0.0.1:0", rpc.Creds(credentials.NewTLS(c.config)))
			r := newRigIn(t, Kind(), env, strings.Replace(at, "http:", "https:", 1), personInt+`, "tls": {`+c.tls+`}`)
			if c.want == "" {
				r.must()
				return
			}
			asked := 0
			for asked < 2 || c.config == closed && asked < 20 && r.failures[c.want] == 0 {
				_, _ = r.ask(2*time.Second, 0)
				asked++
			}
			if n := r.failures["network/reset"]; c.config == closed && n < asked {
				// In TLS 1.3 a client's certificate is asked for after its side of the handshake is over, so what it writes next may
				// meet a connection that is gone before it reads why.
				delete(r.failures, "network/reset")
				r.failures[c.want] += n
			}
			r.check(map[string]int{c.want: asked})
		})
	}
	at, _ := serve(t, &service{}, "127.0.0.1:0", rpc.Creds(credentials.NewTLS(open)))
	plain := newRigIn(t, Kind(), env, at, personInt)
	if got, err := plain.ask(time.Second, 0); err == nil {
		t.Errorf("without encryption a service that wants it gives %v", got)
	}
}
