package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"rvo.dev/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0123456789abcdef0123456789abcdef"

// config is a server's that is ready and counts how often it was told to reopen.
func config(t testing.TB) (c *Config, reopened *int) {
	t.Helper()
	reopened = new(int)
	return &Config{
		Addr:     "127.0.0.1:0",
		Registry: prometheus.NewRegistry(),
		Status:   func() engine.Status { return engine.Status{Pipeline: "p", Started: true} },
		Reopen:   func() { *reopened++ },
	}, reopened
}

// serve returns the handler a server on host would have.
func serve(c *Config, host string) http.Handler {
	return newHandler(c, host, &net.TCPAddr{IP: net.ParseIP(host), Port: 9090}, newMetrics(c.Registry), nil)
}

func TestGuard(t *testing.T) {
	for _, tc := range []struct {
		name   string
		listen string
		token  string
		method string
		path   string
		host   string
		header map[string]string
		code   int
	}{
		{name: "read on loopback", listen: "127.0.0.1", path: "/health", host: "127.0.0.1:9090", code: 200},
		{name: "read by name", listen: "127.0.0.1", path: "/health", host: "localhost:9090", code: 200},
		{name: "read through a forwarded port", listen: "127.0.0.1", path: "/health", host: "LOCALHOST:18080", code: 200},
		{name: "read by IPv6", listen: "127.0.0.1", path: "/health", host: "[::1]:9090", code: 200},
		{name: "head", listen: "127.0.0.1", method: "HEAD", path: "/health", host: "localhost", code: 200},
		{name: "rebound name", listen: "127.0.0.1", path: "/ready", host: "evil.example:9090", code: 421},
		{name: "rebound name that starts like ours", listen: "127.0.0.1", path: "/ready", host: "localhost.evil.example", code: 421},
		{name: "no host", listen: "127.0.0.1", path: "/ready", host: "", code: 421},
		{name: "forwarded host is not looked at", listen: "127.0.0.1", path: "/ready", host: "evil.example", header: map[string]string{"X-Forwarded-Host": "localhost"}, code: 421},
		{name: "other address of the machine", listen: "127.0.0.1", path: "/ready", host: "10.0.0.5:9090", code: 421},
		{name: "read from another site", listen: "127.0.0.1", path: "/ready", host: "localhost:9090", header: map[string]string{"Origin": "https://evil.example"}, code: 403},
		{name: "read from a sandboxed page", listen: "127.0.0.1", path: "/ready", host: "localhost:9090", header: map[string]string{"Origin": "null"}, code: 403},
		{name: "read from our own page", listen: "127.0.0.1", path: "/ready", host: "localhost:9090", header: map[string]string{"Origin": "http://localhost:9090"}, code: 200},
		{name: "change without any token", listen: "127.0.0.1", method: "POST", path: "/api/v1/reopen", host: "localhost", code: 403},
		{name: "change without the token", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", code: 401},
		{name: "change with a wrong token", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Bearer 0123456789abcdef0123456789abcdee"}, code: 401},
		{name: "change with a prefix of the token", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Bearer 0123456789abcdef"}, code: 401},
		{name: "change with the token as a password", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Basic " + token}, code: 401},
		{name: "change with the token in the query", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen?token=" + token, host: "localhost", code: 401},
		{name: "change", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Bearer " + token}, code: 204},
		{name: "change from another site with the token", listen: "127.0.0.1", token: token, method: "POST", path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Bearer " + token, "Sec-Fetch-Site": "cross-site"}, code: 403},
		{name: "change by GET", listen: "127.0.0.1", token: token, path: "/api/v1/reopen", host: "localhost", header: map[string]string{"Authorization": "Bearer " + token}, code: 405},
		{name: "post to a page", listen: "127.0.0.1", token: token, method: "POST", path: "/health", host: "localhost", header: map[string]string{"Authorization": "Bearer " + token}, code: 405},
		{name: "unknown method needs the token too", listen: "127.0.0.1", token: token, method: "BREW", path: "/health", host: "localhost", code: 401},
		{name: "unknown path", listen: "127.0.0.1", path: "/nothing", host: "localhost", code: 404},
		{name: "path that climbs", listen: "127.0.0.1", path: "/../../etc/passwd", host: "localhost", code: 307},
		{name: "no profiles unless asked", listen: "127.0.0.1", path: "/debug/pprof/", host: "localhost", code: 404},
		{name: "off loopback without the token", listen: "10.0.0.5", token: token, path: "/health", host: "10.0.0.5:9090", code: 401},
		{name: "off loopback with the token", listen: "10.0.0.5", token: token, path: "/health", host: "10.0.0.5:9090", header: map[string]string{"Authorization": "bearer " + token}, code: 200},
		{name: "off loopback by a stranger's name", listen: "10.0.0.5", token: token, path: "/health", host: "evil.example", header: map[string]string{"Authorization": "Bearer " + token}, code: 421},
		{name: "off loopback by an allowed name", listen: "10.0.0.5", token: token, path: "/health", host: "rvo.site:9090", header: map[string]string{"Authorization": "Bearer " + token}, code: 200},
		{name: "every address, by one of them", listen: "0.0.0.0", token: token, path: "/health", host: "192.168.1.2:9090", header: map[string]string{"Authorization": "Bearer " + token}, code: 200},
		{name: "every address, by a stranger's name", listen: "0.0.0.0", token: token, path: "/health", host: "evil.example:9090", header: map[string]string{"Authorization": "Bearer " + token}, code: 421},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, reopened := config(t)
			c.Log = slog.New(slog.DiscardHandler)
			c.Token, c.Names = tc.token, []string{"rvo.site"}
			if tc.method == "" {
				tc.method = "GET"
			}
			r := httptest.NewRequest(tc.method, tc.path, http.NoBody)
			r.Host = tc.host
			for k, v := range tc.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			serve(c, tc.listen).ServeHTTP(w, r)
			if w.Code != tc.code {
				t.Errorf("status %d, want %d: %s", w.Code, tc.code, w.Body)
			}
			if want := tc.code == 204; (*reopened == 1) != want {
				t.Errorf("reopened %d times", *reopened)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestListenRefusesWithoutToken(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		c, _ := config(t)
		c.Addr = addr
		if s, err := Listen(*c); !errors.Is(err, ErrToken) {
			if err == nil {
				_ = s.Close()
			}
			t.Errorf("Listen(%q) without a token: %v", addr, err)
		}
	}
	c, _ := config(t)
	c.Token = "short"
	if _, err := Listen(*c); !errors.Is(err, ErrToken) || strings.Contains(err.Error(), "short") {
		t.Errorf("a token of five bytes: %v", err)
	}
	c, _ = config(t)
	c.Addr = "9090"
	if _, err := Listen(*c); err == nil || !strings.Contains(err.Error(), "127.0.0.1:9090") {
		t.Errorf("an address without host: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, _ := config(t)
	c.Addr = l.Addr().String()
	_, err = Listen(*c)
	if err == nil || !strings.Contains(err.Error(), "is in use") || !strings.Contains(err.Error(), "--http off") {
		t.Errorf("got %v", err)
	}
}

func TestReady(t *testing.T) {
	down := engine.Status{
		Pipeline: "p", Started: true,
		Reasons: []engine.Reason{{Node: "camera/front", Why: "open rtsp://joe:hunter2@cam/live: refused"}},
		Cameras: []engine.CameraStatus{{ID: "front", State: "down", Error: "open rtsp://joe:hunter2@cam/live: refused"}},
	}
	up := engine.Status{Pipeline: "p", Started: true}
	for _, tc := range []struct {
		name   string
		status engine.Status
		accept string
		code   int
		want   string
		kind   string
	}{
		{"ready, JSON", up, "", 200, `"ready": true`, "application/json"},
		{"ready, text", up, "text/plain", 200, "ready: pipeline p", "text/plain; charset=utf-8"},
		{"down, JSON", down, "*/*", 503, `"why": "open rtsp://***@cam/live: refused"`, "application/json"},
		{"down, text", down, "text/html,application/xhtml+xml;q=0.9", 503, "camera/front: open rtsp://***@cam/live: refused", "text/plain; charset=utf-8"},
		{"starting", engine.Status{}, "text/plain", 503, "starting", "text/plain; charset=utf-8"},
		{"stopping", engine.Status{Started: true, Stopping: true}, "text/plain", 503, "stopping", "text/plain; charset=utf-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := config(t)
			c.Log = slog.New(slog.DiscardHandler)
			c.Status = func() engine.Status { return tc.status }
			r := httptest.NewRequest("GET", "http://localhost/ready", http.NoBody)
			r.Header.Set("Accept", tc.accept)
			w := httptest.NewRecorder()
			serve(c, "127.0.0.1").ServeHTTP(w, r)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.want) || w.Header().Get("Content-Type") != tc.kind {
				t.Errorf("got %d %s\n%s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("password in %s", w.Body)
			}
			if tc.kind == "application/json" {
				var m map[string]any
				if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || m["reasons"] == nil && tc.status.Reasons != nil {
					t.Errorf("%v: %s", err, w.Body)
				}
			}
		})
	}
	if down.Reasons[0].Why != "open rtsp://joe:hunter2@cam/live: refused" {
		t.Error("the engine's own status was changed")
	}
}

// start runs a real server and returns its address; it is stopped and awaited at the end of the test.
func start(t *testing.T, c *Config) (s *Server, addr string) {
	t.Helper()
	s, err := Listen(*c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, s.Addr().String()
}

// raw sends bytes and returns the status line of each answer until the server closes.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(c)
	return string(b)
}

func TestRawRequests(t *testing.T) {
	c, reopened := config(t)
	c.Token = token
	var log bytes.Buffer
	c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, addr := start(t, c)
	for _, tc := range []struct{ name, request, want string }{
		{"plain", "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200 OK"},
		{"two hosts", "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "400 Bad Request"},
		{"line break in a header", "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\tfolded\r\nbad header\r\n\r\n", "400 Bad Request"},
		{"header in the path", "GET /health%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404 Not Found"},
		{"absolute form with another host", "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "421 Misdirected"},
		{"huge header", "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", "431 Request Header"},
		{"length and chunks", "POST /api/v1/reopen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: gzip\r\n\r\nabcd", "501 Not Implemented"},
		{"smuggled second request", "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nPOST /api/v1/reopen HTTP/1.1\r\n\r\n", "401 Unauthorized"},
	} {
		got := raw(t, addr, tc.request)
		if first, _, _ := strings.Cut(got, "\r\n"); !strings.Contains(first, tc.want) {
			t.Errorf("%s: got %q, want %s", tc.name, first, tc.want)
		}
		if strings.Contains(got, "Set-Cookie") {
			t.Errorf("%s: header injected: %q", tc.name, got)
		}
	}
	if *reopened != 0 {
		t.Errorf("reopened %d times without a token", *reopened)
	}
	for line := range strings.Lines(log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("log line forged: %s", line)
		}
	}
}

func TestHugeBody(t *testing.T) {
	c, _ := config(t)
	c.Log = slog.New(slog.DiscardHandler)
	h := serve(c, "127.0.0.1").(*handler)
	var read error
	h.mux.HandleFunc("GET /read", func(_ http.ResponseWriter, r *http.Request) { _, read = io.Copy(io.Discard, r.Body) })
	r := httptest.NewRequest("GET", "http://localhost/read", strings.NewReader(strings.Repeat("x", MaxBody+1)))
	h.ServeHTTP(httptest.NewRecorder(), r)
	if _, ok := errors.AsType[*http.MaxBytesError](read); !ok {
		t.Errorf("reading %d bytes gave %v", MaxBody+1, read)
	}
}

func TestSlowClient(t *testing.T) {
	c, _ := config(t)
	c.Timeouts.Header = 50 * time.Millisecond
	_, addr := start(t, c)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: loc"); err != nil {
		t.Fatal(err)
	}
	// The deadline only bounds a failing test: the server hangs up by itself.
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the server kept a client that never finished its header: %v", err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	c, _ := config(t)
	s, addr := start(t, c)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range MaxConns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		// An answer proves that the connection was accepted.
		if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%v %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	if n := s.listener.open(); n != MaxConns {
		t.Errorf("%d open, want %d", n, MaxConns)
	}
	if got := raw(t, addr, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); got != "" {
		t.Errorf("one connection too many was answered: %q", got)
	}
	if n, err := testutil.GatherAndCount(c.Registry, "rvo_http_connections_refused_total"); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	want := strings.NewReader("# HELP rvo_http_connections_refused_total Connections closed at once because the bound was reached.\n" +
		"# TYPE rvo_http_connections_refused_total counter\nrvo_http_connections_refused_total 1\n")
	if err := testutil.GatherAndCompare(c.Registry, want, "rvo_http_connections_refused_total"); err != nil {
		t.Error(err)
	}
}

func TestMetricsAndLog(t *testing.T) {
	c, _ := config(t)
	c.Pprof = true
	var log bytes.Buffer
	c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := serve(c, "127.0.0.1")
	get := func(path, auth string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "http://localhost"+path, http.NoBody)
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range 50 {
		get("/no/such/"+strings.Repeat("x", i), "")
	}
	get("/health?token=hunter2", "Bearer hunter2")
	if w := get("/debug/pprof/goroutine?debug=1", ""); w.Code != 200 {
		t.Errorf("pprof: %d", w.Code)
	}
	if w := get("/", ""); !strings.Contains(w.Body.String(), "/debug/pprof/") {
		t.Errorf("index: %s", w.Body)
	}
	body := get("/metrics", "").Body.String()
	for _, want := range []string{
		`rvo_http_requests_total{code="404",route="other"} 50`,
		`rvo_http_requests_total{code="200",route="GET /health"} 1`,
		"# TYPE go_goroutines gauge", "# TYPE process_resident_memory_bytes gauge",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("a token in the log: %s", log.String())
	}
}

func TestStopCutsOffWhoDoesNotRead(t *testing.T) {
	c, _ := config(t)
	c.Timeouts.Stop = 20 * time.Millisecond
	entered := make(chan struct{})
	status := c.Status
	c.Status = func() engine.Status {
		close(entered)
		<-t.Context().Done() // longer than the server waits, over at the end of the test
		return status()
	}
	s, err := Listen(*c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Run did not return")
	}
}

// decode reads an answer's JSON.
func decode(t *testing.T, w *httptest.ResponseRecorder, v any) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
}
