//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/engine/node"
)

// vfr is a clip that is read as one of another rate and length while FFmpeg has the options of an RTSP camera.
func vfr(t *testing.T) string {
	t.Helper()
	return steps(t, 30, "-c:v", "mpeg2video", "-r", "25", "-fps_mode", "vfr", "-q:v", "1", "a.ts")
}

// visit leaves the options of an RTSP camera behind. Nobody is there.
func visit(t *testing.T, transport string) {
	t.Helper()
	if _, err := make(turns, 1).open(t.Context(), "rtsp://127.0.0.1:1/", "rtsp_transport;"+transport+analysis, time.Second); !errors.Is(err, errOpen) {
		t.Fatalf("a camera that is not there opens with %v", err)
	}
}

// TestFileBesideRTSP: what a file is said to be does not depend on cameras of other kinds in the same pipeline. After the first of
// them a clip of three seconds was one of 9.8 pictures a second that ended seven hours early.
func TestFileBesideRTSP(t *testing.T) {
	path := vfr(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) }))
	defer srv.Close()
	t.Run("file", func(t *testing.T) {
		visit(t, "tcp")
		s, err := openClip(t, path, true)
		if err != nil {
			t.Fatal(err)
		}
		if i := s.Info(); i.FPS != 25 || i.Width != 64 || i.Height != 48 {
			t.Errorf("it is read as %+v", i)
		}
		pool := newPool(t, 1)
		for n := range 90 {
			if n == 20 {
				visit(t, "udp")
			}
			f, err := s.Next(t.Context(), pool)
			if err != nil {
				t.Fatalf("picture %d: %v", n, err)
			}
			if got := number(f); got != n%30 {
				t.Errorf("picture %d is number %d", n, got)
			}
			f.Release()
		}
	})
	t.Run("http", func(t *testing.T) {
		visit(t, "tcp")
		s, err := openStream(t, "http", HTTPOptions{URL: srv.URL + "/a.ts"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if i := s.Info(); i.FPS != 25 || i.Width != 64 || i.Height != 48 {
			t.Errorf("it is read as %+v", i)
		}
	})
}

// TestOpensTakeTurns: opens with different options at the same time each have their own.
func TestOpensTakeTurns(t *testing.T) {
	path := vfr(t)
	own := make(turns, 1)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for n := range 15 {
				options, want := "", true
				if i%2 == 1 {
					options, want = fmt.Sprintf("rtsp_transport;%s%s", []string{"tcp", "udp"}[n%2], analysis), false
				}
				turn := own
				if n%3 == 0 {
					turn = make(turns, 1) // of a set of kinds that another call made
				}
				c, err := turn.open(t.Context(), path, options, 0)
				if err != nil {
					t.Errorf("with %q: %v", options, err)
					return
				}
				if got := describe(c).FPS; (got == 25) != want {
					t.Errorf("with %q it has %v pictures a second", options, got)
				}
				c.close()
			}
		})
	}
	wg.Wait()
}

// TestOpenWaitsForItsTurn: while a camera has a connection and does not answer, others wait for it, no longer than whoever wants them
// does and no longer than a bound. One that is not there or says nothing is found out before, and keeps nobody waiting.
func TestOpenWaitsForItsTurn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	silent := "rtsp://" + l.Addr().String() + "/"
	turn := make(turns, 1)
	turn <- struct{}{} // somebody connects
	open := func(k node.Kind, o any) error {
		src, err := k.OpenCamera(node.CameraEnv{Env: env(t), Camera: "test"}, options(t, o))
		if err != nil {
			t.Fatal(err)
		}
		s, err := src.Open(t.Context())
		if err == nil {
			_ = s.Close()
		}
		return err
	}

	if err := open(rtspKind(turn), RTSPOptions{URL: "rtsp://127.0.0.1:1/", Timeout: "1s"}); err == nil || !strings.Contains(err.Error(), "refuses the connection") {
		t.Errorf("a camera that is switched off opens with %v", err)
	}
	if err := open(httpKind(turn), HTTPOptions{URL: "http://127.0.0.1:1/", Timeout: "1s"}); err == nil || !strings.Contains(err.Error(), "refuses the connection") {
		t.Errorf("a camera that is switched off opens with %v", err)
	}
	if err := open(rtspKind(turn), RTSPOptions{URL: silent, Timeout: "50ms"}); err == nil || !strings.Contains(err.Error(), "answers, but not in RTSP") {
		t.Errorf("a camera that hangs opens with %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	over := make(chan error)
	go func() {
		_, err := turn.open(ctx, silent, "", time.Second)
		over <- err
	}()
	gone := errors.New("the pipeline stops")
	cancel(gone)
	if err := <-over; !errors.Is(err, gone) {
		t.Errorf("one that is not wanted any more opens with %v", err)
	}
	ctx, end := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errOthers)
	defer end()
	if _, err := turn.open(ctx, silent, "", time.Second); !errors.Is(err, errOthers) {
		t.Errorf("one whose turn does not come opens with %v", err)
	}

	go func() {
		c, err := turn.open(t.Context(), silent, "", time.Second)
		if err == nil {
			c.close()
		}
		over <- err
	}()
	<-turn
	if err := <-over; !errors.Is(err, errOpen) {
		t.Errorf("a camera that says nothing opens with %v", err)
	}
}
