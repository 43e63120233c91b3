package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	rpc "google.golang.org/grpc"

	"rvo.dev/engine/node/nodetest"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// names answers questions about names with IPv4 addresses, for tests: whatever is asked for has the same ones.
func names(t *testing.T, addresses ...string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(answerTo(b[:n], addresses), from)
		}
	})
	was := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = was
		_ = conn.Close()
		wg.Wait()
	})
}

// answerTo writes the answer to a DNS question (RFC 1035, 4.1): its addresses where those of IPv4 are asked for, else none.
func answerTo(question []byte, addresses []string) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the root, type and class
	if end > len(question) {
		return nil
	}
	if binary.BigEndian.Uint16(question[end-4:]) != 1 { // type A
		addresses = nil
	}
	a := slices.Clone(question[:end])
	a[2], a[3] = 0x81, 0x80 // an answer without an error
	binary.BigEndian.PutUint16(a[6:], uint16(len(addresses)))
	binary.BigEndian.PutUint32(a[8:], 0)
	for _, text := range addresses {
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4) // the name that was asked for, A, IN, 1 s, 4 bytes
		a = append(a, net.ParseIP(text).To4()...)
	}
	return a
}

// replicas serves at one port of several addresses.
func replicas(t *testing.T, addresses ...string) (port int, services []*service, stop []func()) {
	t.Helper()
	for range 20 { // a port that is free at one address may be taken at another
		var listeners []net.Listener
		var err error
		port = 0
		for _, at := range addresses {
			var l net.Listener
			if l, err = net.Listen("tcp", fmt.Sprintf("%s:%d", at, port)); err != nil {
				break
			}
			port = l.Addr().(*net.TCPAddr).Port
			listeners = append(listeners, l)
		}
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			if len(listeners) == 1 && port > 0 && !errors.Is(err, syscall.EADDRINUSE) {
				t.Skipf("this system has one address of its own: %v", err)
			}
			continue
		}
		for _, l := range listeners {
			s, server := &service{}, rpc.NewServer()
			detectv1.RegisterDetectorServer(server, s)
			var wg sync.WaitGroup
			wg.Go(func() { _ = server.Serve(l) })
			end := sync.OnceFunc(func() { server.Stop(); wg.Wait() })
			t.Cleanup(end)
			services, stop = append(services, s), append(stop, end)
		}
		return port, services, stop
	}
	t.Fatal("no port is free at all addresses")
	return 0, nil, nil
}

// spread is how many pictures each service was asked about since the counts before, which it updates.
func spread(services []*service, before []int) []int {
	var out []int
	for i, s := range services {
		n, _, _ := s.counts()
		out = append(out, n-before[i])
		before[i] = n
	}
	return out
}

// TestReplicas: each address of a name is a replica. Cameras are spread over them, whichever had a connection first, and over those
// that are left.
func TestReplicas(t *testing.T) {
	addresses := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	names(t, addresses...)
	port, services, stop := replicas(t, addresses...)
	k, env := Kind(), nodetest.DetectorEnv(t) // of one pipeline, which has one connection
	var rigs []*rig
	for range 6 {
		rigs = append(rigs, newRigIn(t, k, env, fmt.Sprintf("http://models.test:%d", port), personInt))
	}
	before := make([]int, len(services))
	round := func(age time.Duration) {
		for _, r := range rigs {
			r.now = r.now.Add(age)
			r.must()
		}
	}
	// A replica is found when its connection is there, which nobody waits for: rounds until each was asked, then two of them.
	for n := 0; slices.Contains(spread(services, make([]int, len(services))), 0); n++ {
		if n == 1000 {
			t.Fatalf("after %d rounds the replicas were asked %v times", n, before)
		}
		round(lastLife)
	}
	round(lastLife)
	spread(services, before)
	for range 5 {
		round(0)
	}
	if got := spread(services, before); !slices.Equal(got, []int{10, 10, 10}) {
		t.Errorf("five pictures of six cameras on three replicas: %v, want 10 each", got)
	}

	stop[0]()
	for _, r := range rigs {
		for n := 0; ; n++ { // a picture that was on its way may be lost
			if _, err := r.ask(10*time.Second, 0); err == nil {
				break
			} else if n == 3 {
				t.Fatalf("with one replica gone a camera has no answer: %v", err)
			}
		}
	}
	spread(services, before)
	round(lastLife)
	spread(services, before)
	round(0)
	if got := spread(services, before); !slices.Equal(got, []int{0, 3, 3}) {
		t.Errorf("a picture of six cameras on the two that are left: %v, want 3 each", got)
	}
}

// TestReplicasByServiceConfig: with it each picture goes where gRPC says.
func TestReplicasByServiceConfig(t *testing.T) {
	addresses := []string{"127.0.0.1", "127.0.0.2"}
	names(t, addresses...)
	port, services, _ := replicas(t, addresses...)
	r := newRig(t, Kind(), fmt.Sprintf("http://models.test:%d", port),
		personInt+`, "serviceConfig": "{\"loadBalancingConfig\": [{\"round_robin\": {}}]}"`)
	before := make([]int, len(services))
	for n := 0; slices.Contains(spread(services, make([]int, len(services))), 0); n++ {
		if n == 1000 {
			t.Fatalf("after %d pictures one replica was not asked", n)
		}
		r.must()
	}
	spread(services, before)
	for range 10 {
		r.must()
	}
	if got := spread(services, before); !slices.Equal(got, []int{5, 5}) {
		t.Errorf("ten pictures on two replicas: %v, want 5 each", got)
	}
}

// TestACallBeginsAnew: a camera's call has an end that the service sees as one, and no picture is lost by it.
func TestACallBeginsAnew(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt)
	for n, c := range []struct {
		age  time.Duration
		want int // streams so far
	}{{0, 1}, {firstLife - 1, 1}, {1, 2}, {2*firstLife - 1, 2}, {1, 3}, {4 * firstLife, 4}, {lastLife / 2, 5}, {lastLife, 6}, {lastLife - 1, 6}, {1, 7}} {
		r.now = r.now.Add(c.age)
		r.must()
		if asked, _, streams := s.counts(); asked != n+1 || streams != c.want {
			t.Errorf("picture %d: %d were asked about over %d calls, want %d", n+1, asked, streams, c.want)
		}
	}
}
