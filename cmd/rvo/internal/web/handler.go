package web

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// route is one path of the server. The list in routes is all there is.
type route struct {
	method string // GET serves HEAD too
	path   string
	doc    string
	serve  http.HandlerFunc
}

func routes(c *Config, g *guard) []route {
	rs := []route{
		{http.MethodGet, "/metrics", "metrics in the Prometheus format", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{
			EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
		}).ServeHTTP},
		{http.MethodGet, "/health", "200 while the process answers", health},
		{http.MethodGet, "/ready", "200 when every camera, detector, sink and evidence folder works, else 503 and why not", ready(c.Status)},
	}
	if c.Pipeline != nil {
		rs = append(rs, route{http.MethodGet, ConfigPath, "the pipeline that runs, without credentials, as rvo plan --live reads it", running(c, g)})
	}
	if c.Reopen != nil {
		rs = append(rs, route{http.MethodPost, "/api/v1/reopen", "reopen the files that sinks write, as SIGHUP does", func(w http.ResponseWriter, _ *http.Request) {
			c.Reopen()
			w.WriteHeader(http.StatusNoContent)
		}})
	}
	if c.Pprof {
		rs = append(rs,
			route{http.MethodGet, "/debug/pprof/", "profiles", pprof.Index},
			route{http.MethodGet, "/debug/pprof/cmdline", "", pprof.Cmdline},
			route{http.MethodGet, "/debug/pprof/profile", "", pprof.Profile},
			route{http.MethodGet, "/debug/pprof/symbol", "", pprof.Symbol},
			route{http.MethodGet, "/debug/pprof/trace", "", pprof.Trace},
		)
	}
	return rs
}

// handler passes a request through the doors and to its route.
type handler struct {
	guard   *guard
	mux     *http.ServeMux
	log     *slog.Logger
	metrics *metrics
}

func newHandler(c *Config, host string, addr net.Addr, m *metrics) *handler {
	h := &handler{guard: newGuard(c, host, addr), mux: http.NewServeMux(), log: c.Log, metrics: m}
	rs := routes(c, h.guard)
	for _, r := range rs {
		h.mux.HandleFunc(r.method+" "+r.path, r.serve)
	}
	h.mux.HandleFunc("GET /{$}", index(rs))
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
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	rec := &recorder{ResponseWriter: w, code: http.StatusOK}
	_, pattern := h.mux.Handler(r)
	if no := h.guard.check(r); no != nil {
		if no.code == http.StatusUnauthorized {
			rec.Header().Set("WWW-Authenticate", `Bearer realm="rvo"`)
		}
		http.Error(rec, no.why, no.code)
		// Neither query nor headers: both may hold the token someone mistyped.
		h.log.Warn("http request refused", "why", no.why, "method", r.Method, "path", r.URL.Path, "host", r.Host, "from", r.RemoteAddr)
	} else {
		h.mux.ServeHTTP(rec, r)
	}
	if pattern == "" {
		pattern = "other" // the label is bounded by the routes, never by what people ask for
	}
	h.metrics.requests.With(prometheus.Labels{"route": pattern, "code": strconv.Itoa(rec.code)}).Inc()
	h.log.Debug("http request", "method", r.Method, "path", r.URL.Path, "code", rec.code, "from", r.RemoteAddr, "took", time.Since(start))
}

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
