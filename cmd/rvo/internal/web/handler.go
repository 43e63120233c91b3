package web

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Route is one path of the server. The doors in front of it are the server's: names, pages of other sites, the token, rates,
// the size of a body.
type Route struct {
	Method string // GET serves HEAD too
	Path   string // as of http.ServeMux, without method
	Doc    string // one line for the index; empty: it is not listed
	Serve  http.HandlerFunc
	// MaxBody bounds the request's body in bytes; 0: MaxBody.
	MaxBody int64
	// open routes need no token: the pages that ask for one.
	open bool
}

// routes is all there is.
func routes(c *Config, g *guard, l *live) []Route {
	rs := []Route{
		{Method: http.MethodGet, Path: "/metrics", Doc: "metrics in the Prometheus format", Serve: promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{
			EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
		}).ServeHTTP},
		{Method: http.MethodGet, Path: "/health", Doc: "200 while the process answers", Serve: health},
		{Method: http.MethodGet, Path: "/ready", Doc: "200 when every camera, detector, sink and evidence folder works, else 503 and why not", Serve: ready(c.Status)},
		{Method: http.MethodGet, Path: "/api/v1/openapi.yaml", Doc: "what there is below /api/v1, as OpenAPI", Serve: openAPI, open: true},
		{Method: http.MethodGet, Path: "/api/v1/session", Doc: "whether this needs the token and has it", Serve: g.session, open: true},
		{Method: http.MethodPost, Path: "/api/v1/login", Doc: "open a session with the token", Serve: g.login, open: true},
		{Method: http.MethodPost, Path: "/api/v1/logout", Doc: "end it", Serve: g.logout, open: true},
	}
	if c.Pipeline != nil {
		rs = append(rs, Route{Method: http.MethodGet, Path: ConfigPath, Doc: "the pipeline that runs, without credentials, as rvo plan --live reads it", Serve: running(c, g)})
	}
	if c.Reopen != nil {
		rs = append(rs, Route{Method: http.MethodPost, Path: "/api/v1/reopen", Doc: "reopen the files that sinks write, as SIGHUP does", Serve: func(w http.ResponseWriter, _ *http.Request) {
			c.Reopen()
			w.WriteHeader(http.StatusNoContent)
		}})
	}
	if l != nil {
		rs = append(rs, l.routes(c)...)
	}
	rs = append(rs, c.Routes...)
	if c.Pprof {
		rs = append(rs,
			Route{Method: http.MethodGet, Path: "/debug/pprof/", Doc: "profiles", Serve: pprof.Index},
			Route{Method: http.MethodGet, Path: "/debug/pprof/cmdline", Serve: pprof.Cmdline},
			Route{Method: http.MethodGet, Path: "/debug/pprof/profile", Serve: pprof.Profile},
			Route{Method: http.MethodGet, Path: "/debug/pprof/symbol", Serve: pprof.Symbol},
			Route{Method: http.MethodGet, Path: "/debug/pprof/trace", Serve: pprof.Trace},
		)
	}
	text := index(rs, c.Waiting)
	if c.Console == nil {
		return append(rs, Route{Method: http.MethodGet, Path: "/{$}", Serve: text})
	}
	return append(rs,
		Route{Method: http.MethodGet, Path: "/api/{$}", Serve: text},
		Route{Method: http.MethodGet, Path: "/{$}", Serve: c.Console.ServeHTTP, open: true},
		Route{Method: http.MethodGet, Path: "/console/{$}", Serve: http.RedirectHandler("/", http.StatusFound).ServeHTTP, open: true},
		Route{Method: http.MethodGet, Path: "/console/", Serve: c.Console.ServeHTTP, open: true},
	)
}

// handler passes a request through the doors and to its route.
type handler struct {
	guard   *guard
	mux     *http.ServeMux
	routes  map[string]*Route // by pattern
	index   string            // the path that lists the routes
	waiting func() string     // of Config
	log     *slog.Logger
	metrics *metrics
}

func newHandler(c *Config, host string, addr net.Addr, m *metrics, l *live) *handler {
	h := &handler{guard: newGuard(c, host, addr), mux: http.NewServeMux(), routes: map[string]*Route{}, index: "/", waiting: c.Waiting, log: c.Log, metrics: m}
	if c.Console != nil {
		h.index = "/api/"
	}
	for _, r := range routes(c, h.guard, l) {
		pattern := r.Method + " " + r.Path
		h.mux.HandleFunc(pattern, r.Serve)
		h.routes[pattern] = &r
	}
	return h
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	// What is not served here never runs as a page, in a frame, or from a cache.
	for k, v := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		w.Header().Set(k, v)
	}
	rec := &recorder{ResponseWriter: w, code: http.StatusOK}
	_, pattern := h.mux.Handler(r)
	limit, open := int64(MaxBody), false
	if route := h.routes[pattern]; route != nil {
		limit, open = cmp.Or(route.MaxBody, MaxBody), route.open
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if no := h.guard.check(r, open); no != nil {
		switch no.code {
		case http.StatusUnauthorized:
			challenge := `Bearer realm="rvo"`
			if r.Header.Get("Authorization") != "" {
				challenge += `, error="invalid_token"` // as RFC 6750, 3.1 has it
			}
			rec.Header().Set("WWW-Authenticate", challenge)
		case http.StatusTooManyRequests:
			rec.Header().Set("Retry-After", "1")
		}
		refuse(rec, r, no)
		// Neither query nor headers: both may hold the token someone mistyped.
		h.log.Warn("http request refused", "why", no.why, "method", r.Method, "path", r.URL.Path, "host", r.Host, "from", r.RemoteAddr)
	} else if pattern == "" {
		h.unserved(rec, r)
	} else {
		h.mux.ServeHTTP(rec, r)
	}
	if pattern == "" {
		pattern = "other" // the label is bounded by the routes, never by what people ask for
	}
	h.metrics.requests.With(prometheus.Labels{"route": pattern, "code": strconv.Itoa(rec.code)}).Inc()
	h.log.Debug("http request", "method", r.Method, "path", r.URL.Path, "code", rec.code, "from", r.RemoteAddr, "took", time.Since(start))
}

// refuse answers why not, in JSON; in text to who asks for that outside of the API: a browser, a scraper.
func refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	if !strings.HasPrefix(r.URL.Path, "/api/") && wantsText(r.Header.Values("Accept")) {
		http.Error(w, no.why, no.code)
		return
	}
	writeError(w, no.code, "", no.why)
}

// unserved answers a request for which there is no route.
func (h *handler) unserved(w http.ResponseWriter, r *http.Request) {
	said := recorder{ResponseWriter: headerOnly{}, code: http.StatusOK}
	h.mux.ServeHTTP(&said, r) // it knows what else there is
	no := refusal{code: said.code}
	switch allowed := said.Header().Get("Allow"); {
	case said.code == http.StatusMethodNotAllowed:
		w.Header().Set("Allow", allowed)
		no.why = fmt.Sprintf("%s is not answered at this path: %s is", r.Method, strings.Join(strings.Split(allowed, ", "), " or "))
	case said.code == http.StatusNotFound && h.waiting != nil:
		no.code, no.why = http.StatusServiceUnavailable, "nothing runs yet, so that this path is not served: "+h.waiting()
		w.Header().Set("Retry-After", "5")
	case said.code == http.StatusNotFound:
		no.why = "there is no such path: " + h.index + " lists those that there are"
	default: // where to look instead
		h.mux.ServeHTTP(w, r)
		return
	}
	refuse(w, r, &no)
}

// headerOnly is an answer of which only the header is looked at.
type headerOnly http.Header

// Header implements http.ResponseWriter.
func (h headerOnly) Header() http.Header { return http.Header(h) }

// Write implements http.ResponseWriter.
func (headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (headerOnly) WriteHeader(int) {}

// recorder remembers the status code.
type recorder struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection: profiles set deadlines of their own.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
