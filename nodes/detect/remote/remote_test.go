package remote

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

func TestEndpoints(t *testing.T) {
	for text, want := range map[string]string{
		"http://models:50051":   "dns:///models:50051",
		"http://models/":        "dns:///models:80",
		"https://[::1]":         "dns:///[::1]:443",
		"unix:///run/rvo/m":     "unix:///run/rvo/m",
		"http://a:b@models:1":   "use token",
		"http://:50051":         "names no host",
		"http://models:1/there": "more than a host",
		"models:50051":          "no scheme that is known",
		"unix:relative":         "names no socket",
		"http://a b":            "no address",
	} {
		e, err := parseEndpoint(text)
		if err == nil && e.target != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %q, %v, want %q", text, e.target, err, want)
		}
	}
}

func TestConnectionsAreSharedByWhatTheyAreMadeFrom(t *testing.T) {
	var p Pool
	env := nodetest.Env(t)
	o := Channel{Endpoint: "http://a:1"}.Completed()
	open := func(o Channel) *Conn {
		t.Helper()
		c, err := p.Connect(&env, o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	other := o
	other.Keepalive = node.Duration(time.Minute)
	a, b, c := open(o), open(o), open(other)
	if a != b || a == c {
		t.Error("equal options have two connections, or others share one")
	}
	if err := a.Close(); err != nil || p.open[a.key] == nil {
		t.Errorf("a connection that is used is closed (%v)", err)
	}
	for _, x := range []*Conn{b, c} {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(p.open) != 0 {
		t.Errorf("%d connections are left", len(p.open))
	}
}

// TestSaid: what a service says of itself is kept, and what it says too much is not.
func TestSaid(t *testing.T) {
	var s Said
	if s.Identity() != (node.Identity{}) {
		t.Error("something is known before the first answer")
	}
	is := node.Identity{Name: "people", Version: "3", SHA256: "4b"}
	if !s.Note(is) || s.Note(is) || s.Identity() != is {
		t.Errorf("noted %v", s.Identity())
	}
	if !s.Note(node.Identity{Name: strings.Repeat("é", 1<<20)}) || len(s.Identity().Name) > maxWord || !utf8.ValidString(s.Identity().Name) {
		t.Errorf("of a name of two megabytes %d bytes are kept", len(s.Identity().Name))
	}
	if s.Note(node.Identity{Name: strings.Repeat("é", 1<<20)}) {
		t.Error("the same is said to be another")
	}
}

// TestWhoEndedAQuestion: a question whose time is over failed for that, also when it was given up from outside just then.
func TestWhoEndedAQuestion(t *testing.T) {
	ended := status.Error(codes.Canceled, "context canceled")
	for name, c := range map[string]struct {
		left         time.Duration
		sent, unsent string
	}{
		"given up after its time":  {-time.Millisecond, CauseDeadline, CauseExpired},
		"given up before its time": {time.Hour, CauseStopped, CauseStopped},
	} {
		outer, cancel := context.WithCancel(t.Context())
		cancel()
		ctx, done := context.WithDeadline(outer, time.Now().Add(c.left))
		if why := Failed(ctx, ended); why.Cause != c.sent {
			t.Errorf("%s: %s/%s, want %s", name, why.Hop, why.Cause, c.sent)
		}
		if why, ok := errors.AsType[*node.Failure](Live(ctx)); !ok || why.Cause != c.unsent {
			t.Errorf("%s, before it was sent: %v, want %s", name, why, c.unsent)
		}
		done()
	}
	if why := Failed(t.Context(), ended); why.Cause != CauseClosed {
		t.Errorf("ended by the service: %s/%s", why.Hop, why.Cause)
	}
}
