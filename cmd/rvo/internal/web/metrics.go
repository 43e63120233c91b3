package web

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what the server measures of itself. docs/metrics.md lists them.
type metrics struct {
	requests *prometheus.CounterVec
	refused  prometheus.Counter
	lost     prometheus.Counter
	pictures prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rvo_http_requests_total", Help: "Requests by route of the server and status code.",
		}, []string{"route", "code"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rvo_http_connections_refused_total", Help: "Connections closed at once because the bound was reached.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rvo_http_stream_dropped_total", Help: "Messages that readers of the stream were too slow for.",
		}),
		pictures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rvo_http_pictures_total", Help: "Live pictures that were encoded for those who watch.",
		}),
	}
	r.MustRegister(m.requests, m.refused, m.lost, m.pictures, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch shows how much of what has a bound is in use.
func (m *metrics) watch(r prometheus.Registerer, open func() int, l *live) {
	gauge := func(name, help string, value func() int, bound int) {
		r.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name + "_capacity", Help: "What rvo_" + name[4:] + " may be at most."}, func() float64 { return float64(bound) }),
		)
	}
	gauge("rvo_http_connections", "Connections open now.", open, MaxConns)
	if l == nil {
		return
	}
	gauge("rvo_http_subscribers", "Readers of the stream.", func() int { n, _ := l.hub.count(); return n }, maxSubscribers)
	gauge("rvo_http_watchers", "Those who watch live pictures.", func() int {
		n := 0
		for _, k := range l.pictures.watchers() {
			n += k
		}
		return n
	}, maxWatchers)
}
