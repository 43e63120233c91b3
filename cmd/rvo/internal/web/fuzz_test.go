package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secretText is in files that nobody may read over HTTP.
const secretText = "nobody may read this"

// FuzzRequests: whatever is asked, with the token, nothing goes wrong on the server's side, no header comes from the request, and
// nothing outside of the evidence is told. The pipeline is asked for pictures that it always has, so that 503 is never right.
func FuzzRequests(f *testing.F) {
	s := newStill(f)
	first := s.clip(f, "seen", "gate", 1)
	outside := filepath.Join(f.TempDir(), "secret.txt")
	write(f, outside, secretText)
	write(f, filepath.Join(s.dir, "secret.txt"), secretText)
	write(f, filepath.Join(s.dir, first, ".secret"), secretText)
	if err := os.Symlink(outside, filepath.Join(s.dir, first, "link.jpg")); err != nil {
		f.Fatal(err)
	}
	h, _ := showing(f, s)
	for _, seed := range fuzzSeeds(h, first) {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5])
	}
	f.Fuzz(func(t *testing.T, method, path, query, name, value, body string) {
		// What net/http itself refuses before a handler sees it is not sent: it is checked over real connections elsewhere.
		if !token68(method) || !token68(name) || strings.ContainsAny(value+query, "\r\n\x00") {
			t.Skip()
		}
		limit := time.Minute
		if strings.Contains(path, "stream") || strings.Contains(path, "live") {
			limit = 30 * time.Millisecond // these have no end of their own
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:9090/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q?%s with %s: %q gives %d: %s", method, path, query, name, value, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), secretText) {
			t.Errorf("%s %q?%s tells what it must not", method, path, query)
		}
		for k, all := range w.Header() {
			if strings.EqualFold(k, "X-Injected") || strings.ContainsAny(strings.Join(all, ""), "\r\n") {
				t.Errorf("%s %q?%s: header %q: %q", method, path, query, k, all)
			}
		}
	})
}

// token68 reports whether net/http takes a text as a method or as the name of a header.
func token68(s string) bool {
	other := strings.TrimFunc(s, func(c rune) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-'
	})
	return s != "" && other == ""
}

// fuzzSeeds are every route with every method, and what people try.
func fuzzSeeds(h *handler, clip string) [][6]string {
	var out [][6]string
	bodies := []string{"", "{}", "[", "null", `{"event":"seen","for":"1m"}`, `{"value":true}`, `{"value":1e999}`, `{"token":"x"}`, strings.Repeat("[", 10_000), strings.Repeat("a", MaxBody+1)}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"}
	values := strings.NewReplacer("{id}", "gate", "{name}", "door.open", "{policy}", "clip", "{clip}", clip, "{file}", "frame_0001.jpg", "{$}", "")
	n := 0
	for pattern := range h.routes {
		_, path, _ := strings.Cut(pattern, " ")
		for _, method := range methods {
			out = append(out, [6]string{method, values.Replace(path), "", "Accept", "*/*", bodies[n%len(bodies)]})
			n++
		}
	}
	for _, part := range []string{
		"..", "../..", "../../secret.txt", "..%2f..%2fsecret.txt", ".secret", "link.jpg", "secret.txt", "%00", "\x00", "\r\nX-Injected: yes",
		"%0d%0aX-Injected:%20yes", strings.Repeat("a", 5000), "/etc/passwd", "\\..\\secret.txt", "seen_gate", "*", "{id}", "\xff\xfe",
	} {
		for _, at := range []string{
			"/api/v1/evidence/", "/api/v1/evidence/clip/", "/api/v1/evidence/clip/" + clip + "/", "/api/v1/cameras/", "/api/v1/events/", "/api/v1/signals/", "/console/", "/",
		} {
			out = append(out, [6]string{"GET", at + part, "", "Range", "bytes=0-10,5-20,-3", ""}, [6]string{"POST", at + part, "", "Accept", "", `{"value":true}`})
		}
		out = append(out, [6]string{"GET", "/api/v1/cameras/" + part + "/snapshot.jpg", "width=64", "If-None-Match", "*", ""})
	}
	for _, q := range []string{
		"limit=-1", "limit=99999999999999999999", "since=\x00", "before=0", "event=%00&camera=..", "topics=", "topics=event", "fps=1e309&width=1", "fps=15&width=64",
		"cameras=" + strings.Repeat("gate,", 200), "cameras=gate,gate,gate", "draw=boxes,zones,masks&width=64", strings.Repeat("signal=a&", 70), "signal=" + strings.Repeat("x", 1<<15), "%zz", ";",
	} {
		for _, path := range []string{"/api/v1/events", "/api/v1/evidence", "/api/v1/stream", "/api/v1/live", "/api/v1/why", "/api/v1/signals/history", "/api/v1/cameras/gate/stream.mjpg", "/api/v1/cameras/gate/snapshot.jpg"} {
			out = append(out, [6]string{"GET", path, q, "Origin", "http://127.0.0.1:9090", ""})
		}
	}
	for _, hd := range [][2]string{
		{"Host", "evil.example"},
		{"Host", ""},
		{"Origin", "null"},
		{"Origin", "://"},
		{"Cookie", sessionCookie + "=1.2"},
		{"Authorization", "Bearer"},
		{"Authorization", "Basic Og=="},
		{"Content-Type", "text/html;;;"},
		{"Range", "bytes=99999999999999999999-"},
		{"Range", "bytes=" + strings.Repeat("0-1,", 2000)},
		{"If-Range", "x"},
		{"Accept", strings.Repeat("text/plain;q=0.1,", 500)},
		{"Sec-Fetch-Site", "cross-site"},
		{"X-Forwarded-Proto", "https"},
		{"Expect", "100-continue"},
		{"Upgrade", "websocket"},
	} {
		out = append(out,
			[6]string{"GET", "/ready", "", hd[0], hd[1], ""}, [6]string{"POST", "/api/v1/login", "", hd[0], hd[1], `{"token":"` + token + `"}`},
			[6]string{"GET", "/api/v1/evidence/clip/" + clip + "/frame_0001.jpg", "", hd[0], hd[1], ""}, [6]string{"GET", "/metrics", "", hd[0], hd[1], ""})
	}
	return out
}
