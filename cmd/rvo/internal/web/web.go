// Package web is the program's one HTTP server: metrics, health, readiness, and what changes the running pipeline.
//
//	s, err := web.Listen(web.Config{Addr: "127.0.0.1:9090", Registry: reg, Status: e.Status, Reopen: e.Reopen})
//	err = s.Run(ctx) // until ctx is done
//
// Every request passes the same doors, in this order: a bounded number of connections, the names the server may be called
// by (against DNS rebinding), the page it may be called from (against other sites), the token, the size of the body. On
// a loopback address reading is free and changing needs the token; on any other address everything needs it, and Listen
// refuses to open one without. The package never reads the pipeline, files or the environment.
//
// Run owns the goroutines: one that accepts, one a connection (at most MaxConns), two that tell subscribers what happens, one for
// each camera that is watched. It returns when all have ended.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/dsl/plan"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
)

const (
	// MaxConns bounds open connections: a hundred who listen, and some twenty consoles that show pictures. One more is closed
	// at once and counted.
	MaxConns = 256
	// MaxBody bounds a request's body in bytes where a route says nothing else.
	MaxBody = 64 << 10
	// MaxHeader bounds a request's header in bytes, its first line included.
	MaxHeader = 16 << 10
	// headerSlop is what net/http reads beyond http.Server.MaxHeaderBytes before it answers 431.
	headerSlop = 4 << 10
	// MinToken is the shortest token taken, in bytes: 16 random hex digits are 64 bits.
	MinToken = 16
	// ConfigPath is where the running pipeline is told.
	ConfigPath = "/api/v1/config"
)

// Timeouts bound what one connection can hold up.
type Timeouts struct {
	Header time.Duration // to read a request's header
	Read   time.Duration // to read all of it
	Write  time.Duration // to answer; a CPU profile may be at most this long
	Idle   time.Duration // between two requests
	Stop   time.Duration // for requests under way when Run ends
}

// DefaultTimeouts are generous to people and short for programs: a header that takes five seconds is an attack or a
// broken network.
func DefaultTimeouts() Timeouts {
	return Timeouts{Header: 5 * time.Second, Read: 10 * time.Second, Write: time.Minute, Idle: time.Minute, Stop: 2 * time.Second}
}

// Config is what a Server needs. Status and Registry must be set.
type Config struct {
	// Addr is "host:port"; port 0 lets the system choose.
	Addr string
	// Names are further host names the server may be called by, without port.
	Names []string
	// Token opens what needs one; empty: nothing does, and Addr must be loopback.
	Token string
	// Registry is what /metrics shows. Listen adds the server's own metrics and those of process and runtime.
	Registry *prometheus.Registry
	// Status is asked by /ready.
	Status func() engine.Status
	// Pipeline returns what runs, for GET ConfigPath; nil: there is no such path. The key is the token, to tell credentials apart
	// with (see plan.Side), where the caller has shown that it has it; else empty.
	Pipeline func(key []byte) (*plan.Running, error)
	// Reopen is called by POST /api/v1/reopen; nil: there is no such path.
	Reopen func()
	// Engine is what is shown below /api/v1, and asked to mute and to take what is told from outside; nil: none of that is there.
	Engine Engine
	// Codec encodes live pictures; nil: frame.StdCodec.
	Codec frame.Codec
	// Tap has the program's log, for those who look at the run; nil: it is not shown.
	Tap *LogTap
	// Routes are further paths: who changes the pipeline that runs.
	Routes []Route
	// Console serves the pages for a browser at / and /console/, to everybody who may call the server by its name: they hold
	// nothing of the pipeline. nil: / is a list of the paths.
	Console http.Handler
	// Waiting says why nothing runs yet: all but the process's own paths is then answered 503 with it. nil: something runs.
	Waiting func() string
	// Pprof adds /debug/pprof/.
	Pprof bool
	// Log gets a line a request at level debug, refusals at warn; nil: silent.
	Log *slog.Logger
	// Timeouts default to DefaultTimeouts where 0.
	Timeouts Timeouts
}

// Server is an open listener and what it serves.
type Server struct {
	listener *boundedListener
	http     *http.Server
	stop     time.Duration
	live     *live // nil: there is no engine to show
}

// ErrToken says that an address needs a token that was not given or is too short.
var ErrToken = errors.New("token needed")

// Listen opens the address. It fails when the port is taken, and with ErrToken when the address is not loopback and no
// token of MinToken bytes is set.
func Listen(c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, fmt.Errorf("http address %q: %w: write it as 127.0.0.1:9090", c.Addr, err)
	}
	if c.Token != "" && len(c.Token) < MinToken {
		return nil, fmt.Errorf("http token has %d bytes, at least %d are needed: make one with `openssl rand -hex 16`: %w", len(c.Token), MinToken, ErrToken)
	}
	if c.Token == "" && !isLoopback(host) {
		return nil, fmt.Errorf("http address %s is reachable from other machines and no token is set: "+
			"give one with --http-token-file or --http-token-env, or listen on 127.0.0.1: %w", c.Addr, ErrToken)
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, listenError(c.Addr, err)
	}
	m := newMetrics(c.Registry)
	bounded := newBoundedListener(l, MaxConns, m.refused.Inc)
	t := c.Timeouts.withDefaults()
	var shown *live
	if c.Engine != nil {
		shown = newLive(&c, m)
	}
	m.watch(c.Registry, bounded.open, shown)
	return &Server{
		listener: bounded,
		stop:     t.Stop,
		live:     shown,
		http: &http.Server{
			Handler:           newHandler(&c, host, l.Addr(), m, shown),
			ReadHeaderTimeout: t.Header,
			ReadTimeout:       t.Read,
			WriteTimeout:      t.Write,
			IdleTimeout:       t.Idle,
			MaxHeaderBytes:    MaxHeader - headerSlop,
			ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		},
	}, nil
}

// listenError turns what the system says into what to do.
func listenError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("http address %s is in use: stop the other program, choose another port with --http, or turn the server off with --http off: %w", addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("http address %s is not allowed: ports below 1024 need a privilege, choose another with --http: %w", addr, err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("http address %s is not on this machine: %w", addr, err)
	}
	return fmt.Errorf("http address %s: %w", addr, err)
}

func (t Timeouts) withDefaults() Timeouts {
	d := DefaultTimeouts()
	for _, p := range []struct{ have, def *time.Duration }{
		{&t.Header, &d.Header}, {&t.Read, &d.Read}, {&t.Write, &d.Write}, {&t.Idle, &d.Idle}, {&t.Stop, &d.Stop},
	} {
		if *p.have == 0 {
			*p.have = *p.def
		}
	}
	return t
}

// Addr returns the address that was opened.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx is done, gives requests under way a moment, and returns when every goroutine it started has
// ended. The error is nil after a stop by ctx. It is called once.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	defer s.live.start()()
	select {
	case err := <-served:
		return fmt.Errorf("http server: %w", err)
	case <-ctx.Done():
	}
	s.live.hangUp() // those who listen would go on for ever
	// Not cancelled with ctx: the last requests have a moment of their own.
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.stop)
	defer cancel()
	if err := s.http.Shutdown(wait); err != nil {
		// Someone is still being answered: cut off. The connections' goroutines end with their next read or write.
		_ = s.http.Close()
	}
	<-served
	return nil
}

// Close closes a server that was never run.
func (s *Server) Close() error { return s.listener.Close() }

// isLoopback reports whether a listening host can only be reached from this machine. An empty host is every address.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
