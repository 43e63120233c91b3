package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// guard decides whether a request may pass. It holds only what was set at the start.
type guard struct {
	token    [sha256.Size]byte
	hasToken bool
	loopback bool            // the listening address is
	anyIP    bool            // listening on every address: any IP literal names this machine
	names    map[string]bool // hosts the server may be called by, lower case
}

// refusal is why a request does not pass.
type refusal struct {
	code int
	why  string
}

func newGuard(c *Config, host string, addr net.Addr) *guard {
	g := &guard{loopback: isLoopback(host), names: map[string]bool{}}
	if c.Token != "" {
		g.token, g.hasToken = sha256.Sum256([]byte(c.Token)), true
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

// check returns why the request is refused, or nil.
func (g *guard) check(r *http.Request) *refusal {
	// A page of a stranger's site can point a name of its own at this machine and then call it "same origin": the name
	// it used is in Host, and it is not one of ours.
	if !g.ours(r.Host) {
		return &refusal{http.StatusMisdirectedRequest, "this server is not called that: use its address, or allow the name with --http-name"}
	}
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return &refusal{http.StatusForbidden, "requests from other sites are refused"}
		}
	}
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	if site := r.Header.Get("Sec-Fetch-Site"); changes && site != "" && site != "same-origin" && site != "none" {
		return &refusal{http.StatusForbidden, "requests from other sites are refused"}
	}
	if g.loopback && !changes {
		return nil
	}
	if !g.hasToken {
		return &refusal{http.StatusForbidden, "this needs a token, and the server was started without: give one with --http-token-file or --http-token-env"}
	}
	if !g.authorized(r) {
		return &refusal{http.StatusUnauthorized, "this needs the header Authorization: Bearer TOKEN"}
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

// authorized compares hashes, so that neither the time nor the length tells anything of the token.
func (g *guard) authorized(r *http.Request) bool {
	scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(given)))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}
