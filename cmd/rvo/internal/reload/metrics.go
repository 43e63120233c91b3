package reload

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics count reloads.
type metrics struct {
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, r *Reloader) (*metrics, error) {
	m := &metrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rvo_reload_total", Help: "Reloads by result: applied, unchanged, rejected, superseded, rolled_back.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rvo_reload_seconds", Help: "Time of reloads that were applied, by part: wait (from the file's change until it was looked at), read, prepare, commit (in which the core took no input), total.",
			Buckets: []float64{20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.15, 0.2, 0.5, 1, 2, 5, 10, 30},
		}, []string{"part"}),
	}
	for _, res := range results() {
		m.total.WithLabelValues(string(res))
	}
	for _, c := range []prometheus.Collector{
		m.total, m.seconds, &info{r, prometheus.NewDesc("rvo_config_info", "1; the labels name the pipeline that runs and its content hash.", []string{"pipeline", "revision"}, nil)},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "rvo_reload_refused", Help: "1 while what the files say is not what runs, because it has errors, could not be prepared or was rolled back.",
		}, func() float64 {
			if r.Refused() != nil {
				return 1
			}
			return 0
		}),
	} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) count(res Result) { m.total.WithLabelValues(string(res)).Inc() }

func (m *metrics) add(o *Outcome) {
	m.count(o.Result)
	if o.Result != Applied {
		return
	}
	for part, s := range map[string]float64{
		"wait": o.Seconds.Wait, "read": o.Seconds.Read, "prepare": o.Seconds.Prepare, "commit": o.Seconds.Commit, "total": o.Seconds.Total,
	} {
		m.seconds.WithLabelValues(part).Observe(s)
	}
}

// info tells what runs.
type info struct {
	r    *Reloader
	desc *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (i *info) Describe(c chan<- *prometheus.Desc) { c <- i.desc }

// Collect implements prometheus.Collector.
func (i *info) Collect(c chan<- prometheus.Metric) {
	g := i.r.Running().Graph
	c <- prometheus.MustNewConstMetric(i.desc, prometheus.GaugeValue, 1, g.Name, g.Revision)
}
