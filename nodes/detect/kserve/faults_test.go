package kserve

import (
	"context"
	"io"
	"maps"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	inferencev2 "rvo.dev/proto/inference/v2"
)

// check compares the failures of a rig.
func (r *rig) check(want map[string]int) {
	r.t.Helper()
	if !maps.Equal(r.failures, want) {
		r.t.Errorf("failures by hop and cause are %v, want %v", r.failures, want)
	}
}

// TestHung: a server that does not answer costs a run its time and is told of it by the deadline.
func TestHung(t *testing.T) {
	var ended atomic.Int64
	at, _ := serve(t, &server{before: func(ctx context.Context) error {
		<-ctx.Done()
		ended.Add(1)
		return ctx.Err()
	}}, "127.0.0.1:0")
	r := newRig(t, at, two)
	for range 3 {
		if _, err := r.ask(300 * time.Millisecond); err == nil {
			t.Error("an answer came from a server that hangs")
		}
	}
	r.check(map[string]int{"server/deadline": 3})
	eventually(t, 5*time.Second, func() bool { return ended.Load() == 3 })
}

func TestEveryFifthFails(t *testing.T) {
	var n atomic.Int64
	at, _ := serve(t, &server{before: func(context.Context) error {
		if n.Add(1)%5 == 0 {
			return status.Error(codes.Internal, "the model broke")
		}
		return nil
	}}, "127.0.0.1:0")
	r := newRig(t, at, two)
	for range 50 {
		_, _ = r.ask(10 * time.Second)
	}
	r.check(map[string]int{"server/error": 10})
}

func TestCodes(t *testing.T) {
	for code, want := range map[codes.Code]string{
		codes.ResourceExhausted: "server/busy",
		codes.Unavailable:       "server/unwell",
		codes.Unauthenticated:   "server/refused",
		codes.InvalidArgument:   "server/error",
	} {
		at, _ := serve(t, &server{before: func(context.Context) error { return status.Error(code, "no") }}, "127.0.0.1:0")
		r := newRig(t, at, two)
		_, _ = r.ask(10 * time.Second)
		r.check(map[string]int{want: 1})
	}
}

// TestResets: whoever takes connections and drops them, or speaks something else.
func TestResets(t *testing.T) {
	for name, talk := range map[string]func(net.Conn){
		"closes":      func(net.Conn) {},
		"says HTTP/1": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") },
		"reads a bit": func(c net.Conn) { _, _ = c.Read(make([]byte, 24)) },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				talk(c)
				_ = c.Close()
			}
		})
		r := newRig(t, "http://"+l.Addr().String(), two)
		for range 3 {
			if _, err := r.ask(time.Second); err == nil {
				t.Errorf("%s: an answer", name)
			}
		}
		if n := r.failures["network/reset"] + r.failures["network/connect"]; n != 3 {
			t.Errorf("%s: failures %v, want 3 of the network", name, r.failures)
		}
		_ = l.Close()
		wg.Wait()
	}
}

// TestGarbage: an answer that is not what the server said its model gives sets nothing.
func TestGarbage(t *testing.T) {
	type out = inferencev2.ModelInferResponse
	for name, spoil := range map[string]func(*out){
		"no outputs":          func(a *out) { a.Outputs, a.RawOutputContents = nil, nil },
		"another name":        func(a *out) { a.Outputs[0].Name = "else" },
		"another type":        func(a *out) { a.Outputs[0].Datatype = "INT64" },
		"too few axes":        func(a *out) { a.Outputs[0].Shape = a.Outputs[0].Shape[1:] },
		"another length":      func(a *out) { a.Outputs[0].Shape[2] = 8 },
		"fewer rows":          func(a *out) { a.Outputs[0].Shape[1] = 1; a.RawOutputContents[0] = a.RawOutputContents[0][:28] },
		"length 0":            func(a *out) { a.Outputs[0].Shape[1] = 0 },
		"length -1":           func(a *out) { a.Outputs[0].Shape[1] = -1 },
		"a product too large": func(a *out) { a.Outputs[0].Shape[0], a.Outputs[0].Shape[1] = 1<<28, 1<<28 },
		"a length too large":  func(a *out) { a.Outputs[0].Shape[1] = math.MaxInt64 },
		"too few bytes":       func(a *out) { a.RawOutputContents[0] = a.RawOutputContents[0][1:] },
		"bytes of two":        func(a *out) { a.RawOutputContents = append(a.RawOutputContents, nil) },
		"nothing in it":       func(a *out) { a.RawOutputContents = nil },
	} {
		at, _ := serve(t, &server{after: spoil}, "127.0.0.1:0")
		r := newRig(t, at, two)
		if _, err := r.ask(10 * time.Second); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if n := len(r.run.Outputs()); n != 0 {
			t.Errorf("%s: %d signals were set", name, n)
		}
		r.check(map[string]int{"answer/garbage": 1})
	}
}

// TestNumbersThatAreNone: a network may give them; they are no boxes and do no harm.
func TestNumbersThatAreNone(t *testing.T) {
	nan := float32(math.NaN())
	at, _ := serve(t, &server{typed: true, after: func(a *inferencev2.ModelInferResponse) {
		d := a.Outputs[0].Contents.Fp32Contents
		copy(d, []float32{nan, nan, nan, nan, nan, nan, nan})
		copy(d[7:], []float32{0, 0, float32(math.Inf(1)), 0, 1, 1, 1})
	}}, "127.0.0.1:0")
	v, err := newRig(t, at, two).ask(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range v["boxes"].AsBoxes() {
		if !(b.X >= 0 && b.Y >= 0 && b.X+b.W <= 1.0001 && b.Y+b.H <= 1.0001 && b.Score > 0 && b.Score <= 1) {
			t.Errorf("a box of %+v", b)
		}
	}
}

// TestAnswerOf100MiB is refused by its announced size.
func TestAnswerOf100MiB(t *testing.T) {
	var once sync.Once
	var large []byte
	at, _ := serve(t, &server{after: func(a *inferencev2.ModelInferResponse) {
		once.Do(func() { large = make([]byte, 100<<20) })
		a.RawOutputContents[0] = large
	}}, "127.0.0.1:0")
	r := newRig(t, at, two)
	for range 2 {
		_, _ = r.ask(10 * time.Second)
	}
	r.check(map[string]int{"answer/large": 2})
}

// TestKilledAndBack: a server that dies counts as the network's, and is used again by itself, though its model is another.
func TestKilledAndBack(t *testing.T) {
	at, stop := serve(t, &server{}, "127.0.0.1:0")
	r := newRig(t, at, two)
	if _, err := r.ask(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	stop()
	for range 3 {
		if _, err := r.ask(200 * time.Millisecond); err == nil {
			t.Error("an answer from a server that was killed")
		}
	}
	for k := range r.failures {
		if !strings.HasPrefix(k, "network/") {
			t.Errorf("a dead server counts as %v", r.failures)
		}
	}
	back := &server{input: []int64{1, 3, 96, 64}}
	serve(t, back, strings.TrimPrefix(at, "http://"))
	eventually(t, 20*time.Second, func() bool { _, err := r.ask(time.Second); return err == nil })
	if asked, _ := back.counts(); asked != 1 {
		t.Errorf("who is back was asked %d times what its model is like, want once", asked)
	}
}

// TestAnotherModelUnderTheSameName: a server may load another one while it runs; the run that finds out fails.
func TestAnotherModelUnderTheSameName(t *testing.T) {
	s := &server{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, at, two)
	if _, err := r.ask(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.input = []int64{1, 3, 96, 64}
	s.mu.Unlock()
	if _, err := r.ask(10 * time.Second); err == nil {
		t.Error("a network of 64 x 96 was fed with 64 x 64")
	}
	if _, err := r.ask(10 * time.Second); err != nil {
		t.Errorf("after the server has another model: %v", err)
	}
	r.check(map[string]int{"server/error": 1})
}

// TestNothingIsSentWithoutTime: a run whose time is over asks nobody.
func TestNothingIsSentWithoutTime(t *testing.T) {
	s := &server{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, at, two)
	_, _ = r.ask(0)
	r.check(map[string]int{"client/expired": 1})
	if asked, runs := s.counts(); asked+runs != 0 {
		t.Errorf("asked %d times, %d runs", asked, runs)
	}
}
