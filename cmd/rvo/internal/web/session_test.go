package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// login logs in with a token and returns the answer and its cookie.
func login(t *testing.T, h http.Handler, given string) (*httptest.ResponseRecorder, *http.Cookie) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://10.0.0.5/api/v1/login", strings.NewReader(fmt.Sprintf(`{"token":%q}`, given)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == sessionCookie {
			return w, c
		}
	}
	return w, nil
}

// TestLogin: a browser that showed the token once may do what the token may, from pages of this server alone.
func TestLogin(t *testing.T) {
	c, reopened := config(t)
	c.Token, c.Log = token, slog.New(slog.DiscardHandler)
	h := serve(c, "10.0.0.5").(*handler)
	if w, cookie := login(t, h, "0123456789abcdef0123456789abcdee"); w.Code != http.StatusUnauthorized || cookie != nil {
		t.Fatalf("wrong token: %d, %v", w.Code, cookie)
	}
	w, cookie := login(t, h, token)
	if w.Code != http.StatusNoContent || cookie == nil {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || strings.Contains(cookie.Value, token) {
		t.Errorf("cookie %+v", cookie)
	}
	at := time.Now()
	h.guard.now = func() time.Time { return at }
	for _, tc := range []struct {
		name, method, path, origin, value string
		later                             time.Duration
		code                              int
	}{
		{name: "read", method: "GET", path: "/health", value: cookie.Value, code: 200},
		{name: "change from our page", method: "POST", path: "/api/v1/reopen", origin: "http://10.0.0.5", value: cookie.Value, code: 204},
		{name: "change from nowhere", method: "POST", path: "/api/v1/reopen", value: cookie.Value, code: 403},
		{name: "change from elsewhere", method: "POST", path: "/api/v1/reopen", origin: "http://evil.example", value: cookie.Value, code: 403},
		{name: "a forged end", method: "GET", path: "/health", value: "9" + cookie.Value, code: 401},
		{name: "a forged hash", method: "GET", path: "/health", value: cookie.Value[:len(cookie.Value)-2] + "zz", code: 401},
		{name: "nonsense", method: "GET", path: "/health", value: "....", code: 401},
		{name: "after its end", method: "GET", path: "/health", value: cookie.Value, later: sessionLife + time.Minute, code: 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := *reopened
			h.guard.now = func() time.Time { return at.Add(tc.later) }
			r := httptest.NewRequest(tc.method, "http://10.0.0.5"+tc.path, http.NoBody)
			r.AddCookie(&http.Cookie{Name: sessionCookie, Value: tc.value})
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.code {
				t.Errorf("%d, want %d: %s", w.Code, tc.code, w.Body)
			}
			if (*reopened > before) != (tc.code == 204) {
				t.Errorf("reopened %d times", *reopened-before)
			}
		})
	}
}

// TestSessionPage: who has no token is told that it needs one, and nothing else.
func TestSessionPage(t *testing.T) {
	for _, tc := range []struct {
		listen, token, sent string
		want                api.Session
	}{
		{"127.0.0.1", "", "", api.Session{Needed: "changes"}},
		{"127.0.0.1", token, "", api.Session{Needed: "changes", Token: true}},
		{"127.0.0.1", token, token, api.Session{Needed: "changes", Token: true, Authorized: true}},
		{"10.0.0.5", token, "", api.Session{Needed: "everything", Token: true}},
	} {
		c, _ := config(t)
		c.Token, c.Log = tc.token, slog.New(slog.DiscardHandler)
		r := httptest.NewRequest(http.MethodGet, "http://"+tc.listen+"/api/v1/session", http.NoBody)
		if tc.sent != "" {
			r.Header.Set("Authorization", "Bearer "+tc.sent)
		}
		w := httptest.NewRecorder()
		serve(c, tc.listen).ServeHTTP(w, r)
		var got api.Session
		decode(t, w, &got)
		if got != tc.want {
			t.Errorf("%+v: got %+v", tc, got)
		}
	}
}

// TestRates: one client gets no more than its share, others go on; wrong tokens are few.
func TestRates(t *testing.T) {
	c, _ := config(t)
	c.Token, c.Log = token, slog.New(slog.DiscardHandler)
	h := serve(c, "10.0.0.5").(*handler)
	at := time.Now()
	now := func() time.Time { return at }
	h.guard.requests, h.guard.failures = newLimiter(requestRate, requestBurst, now), newLimiter(failureRate, failureBurst, now)
	ask := func(from, sent string) int {
		r := httptest.NewRequest(http.MethodGet, "http://10.0.0.5/health", http.NoBody)
		r.RemoteAddr = from + ":4711"
		r.Header.Set("Authorization", "Bearer "+sent)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for i := range requestBurst {
		if code := ask("10.0.0.7", token); code != 200 {
			t.Fatalf("request %d: %d", i, code)
		}
	}
	if code := ask("10.0.0.7", token); code != 429 {
		t.Errorf("request %d at one instant: %d", requestBurst+1, code)
	}
	if code := ask("10.0.0.8", token); code != 200 {
		t.Errorf("somebody else: %d", code)
	}
	at = at.Add(time.Second)
	if code := ask("10.0.0.7", token); code != 200 {
		t.Errorf("a second later: %d", code)
	}
	for range failureBurst {
		if code := ask("10.0.0.9", "wrong"); code != 401 {
			t.Errorf("a wrong token: %d", code)
		}
	}
	if code := ask("10.0.0.9", token); code != 429 {
		t.Errorf("the right token after %d wrong ones: %d", failureBurst, code)
	}
}

// TestManyClients: the limiter's memory has a bound, and those who are too many share one allowance.
func TestManyClients(t *testing.T) {
	at := time.Now()
	l := newLimiter(1, 1, func() time.Time { return at })
	for i := range maxClients {
		if !l.take(strconv.Itoa(i)) {
			t.Fatalf("client %d gets nothing", i)
		}
	}
	if !l.take("one more") || l.take("and another") {
		t.Error("those who are too many do not share one allowance")
	}
	at = at.Add(2 * time.Second)
	if !l.take("and another") || len(l.mu.clients) > maxClients {
		t.Errorf("%d clients are told apart", len(l.mu.clients))
	}
}
