package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// guard decides whether a request may pass. It holds only what was set at the start.
type guard struct {
	token    [sha256.Size]byte
	hasToken bool
	loopback bool            // the listening address is
	anyIP    bool            // listening on every address: any IP literal names this machine
	names    map[string]bool // hosts the server may be called by, lower case
	sessions sessions
	requests *limiter
	failures *limiter
	now      func() time.Time
}

// refusal is why a request does not pass.
type refusal struct {
	code int
	why  string
}

func newGuard(c *Config, host string, addr net.Addr) *guard {
	g := &guard{
		loopback: isLoopback(host), names: map[string]bool{}, now: time.Now,
		requests: newLimiter(requestRate, requestBurst, time.Now), failures: newLimiter(failureRate, failureBurst, time.Now),
	}
	if c.Token != "" {
		g.token, g.hasToken = sha256.Sum256([]byte(c.Token)), true
		g.sessions = newSessions(c.Token)
	}
	for _, n := range []string{"localhost", "127.0.0.1", "::1"} {
		g.names[n] = true
	}
	for _, n := range c.Names {
		g.names[strings.ToLower(n)] = true
	}
	if host != "" {
		g.names[strings.ToLower(host)] = true
	}
	if t, ok := addr.(*net.TCPAddr); ok {
		g.names[t.IP.String()] = true
		g.anyIP = t.IP.IsUnspecified()
	}
	return g
}

// check returns why the request is refused, or nil. open is set for routes that need no token: a page that asks for one.
func (g *guard) check(r *http.Request, open bool) *refusal {
	// A page of a stranger's site can point a name of its own at this machine and then call it "same origin": the name
	// it used is in Host, and it is not one of ours.
	if !g.ours(r.Host) {
		return &refusal{http.StatusMisdirectedRequest, "this server is not called that: use its address, or allow the name with --http-name"}
	}
	if no := g.fromElsewhere(r); no != nil {
		return no
	}
	who := client(r.RemoteAddr)
	if !g.requests.take(who) {
		return &refusal{http.StatusTooManyRequests, fmt.Sprintf("more than %d requests a second: wait a moment", requestRate)}
	}
	if open || g.loopback && !changes(r) {
		return nil
	}
	if !g.hasToken {
		return &refusal{http.StatusForbidden, "this needs a token, and the server was started without: give one with --http-token-file or --http-token-env"}
	}
	if !g.failures.has(who) {
		return &refusal{http.StatusTooManyRequests, "too many wrong tokens: wait a moment"}
	}
	if !g.authorized(r) {
		if r.Header.Get("Authorization") != "" {
			g.failures.take(who)
		}
		return &refusal{http.StatusUnauthorized, g.unauthorized(r)}
	}
	return nil
}

// unauthorized says what is wrong with what a request shows that it is allowed by.
func (g *guard) unauthorized(r *http.Request) string {
	const way = "send the header Authorization: Bearer TOKEN, with what --http-token-file or --http-token-env of the server has, or log in at /"
	auth := r.Header.Get("Authorization")
	scheme, _, _ := strings.Cut(auth, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return "the token that came with this request is not the server's: " + way
	case auth != "":
		return "the Authorization header is not of the form Bearer TOKEN: " + way
	case len(r.CookiesNamed(sessionCookie)) > 0:
		return "the login has ended, or was with another token: log in again at /"
	case r.URL.Query().Has("token"):
		return "this needs the token, and it is not taken from the address, where others can read it: " + way
	}
	return "this needs the token, and the request came without one: " + way
}

func changes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// fromElsewhere refuses what pages of other sites ask for. They may link to this one: a person who follows a link asks for
// a page.
func (g *guard) fromElsewhere(r *http.Request) *refusal {
	no := &refusal{http.StatusForbidden, "requests from other sites are refused"}
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return no
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	foreign := site != "" && site != "same-origin" && site != "none"
	if foreign && (changes(r) || r.Header.Get("Sec-Fetch-Mode") != "navigate") {
		return no
	}
	// A session is sent by the browser and not by the page: what changes something must come from one of ours.
	if changes(r) && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") != "" && r.Header.Get("Origin") == "" && site != "same-origin" {
		return no
	}
	return nil
}

// ours reports whether a Host header names this server. The port is not looked at: behind a forwarded port it differs.
func (g *guard) ours(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if g.names[host] {
		return true
	}
	return g.anyIP && net.ParseIP(host) != nil
}

// authorized reports whether a request carries the token, or a session that was opened with it.
func (g *guard) authorized(r *http.Request) bool {
	if !g.hasToken {
		return false
	}
	if scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.is(strings.TrimSpace(given))
	}
	for _, c := range r.CookiesNamed(sessionCookie) {
		if g.sessions.valid(c.Value, g.now()) {
			return true
		}
	}
	return false
}

// is compares hashes, so that neither the time nor the length tells anything of the token.
func (g *guard) is(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return g.hasToken && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// login opens a session for who shows the token.
func (g *guard) login(w http.ResponseWriter, r *http.Request) {
	who := client(r.RemoteAddr)
	var body api.Login
	if !readJSON(w, r, &body) {
		return
	}
	switch {
	case !g.hasToken:
		writeError(w, http.StatusForbidden, "", "the server was started without a token: give one with --http-token-file or --http-token-env")
	case !g.failures.has(who):
		writeError(w, http.StatusTooManyRequests, "", "too many wrong tokens: wait a moment")
	case !g.is(strings.TrimSpace(body.Token)):
		g.failures.take(who)
		writeError(w, http.StatusUnauthorized, "token", "this is not the token")
	default:
		http.SetCookie(w, g.sessions.cookie(r, g.sessions.value(g.now().Add(sessionLife))))
		w.WriteHeader(http.StatusNoContent)
	}
}

// logout has the browser forget its session.
func (g *guard) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, g.sessions.cookie(r, ""))
	w.WriteHeader(http.StatusNoContent)
}

// session tells a page whether it has to ask for the token.
func (g *guard) session(w http.ResponseWriter, r *http.Request) {
	s := api.Session{Authorized: g.authorized(r), Needed: "changes", Token: g.hasToken}
	if !g.loopback {
		s.Needed = "everything"
	}
	writeJSON(w, http.StatusOK, s)
}
