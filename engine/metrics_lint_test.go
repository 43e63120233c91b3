package engine

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"rvo.dev/engine/graph"
)

// TestMetricsLint: every metric is as promtool wants it, every one of the table but those of what did not happen is there, and
// their number follows from the pipeline alone.
func TestMetricsLint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.camera("yard", 10, &fakeCamera{live: true})
		k.detector("d", 5, says(10*time.Millisecond, 1))
		k.event("e", "d.count", 0).Evidence = "clip"
		k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 80, MinFree: 1}}
		k.sink()
		k.cfg.Registry, k.cfg.Feed = prometheus.NewRegistry(), true
		e := k.engine()
		stop := k.begin(e)
		time.Sleep(20 * time.Second) // clips are written
		problems, err := testutil.GatherAndLint(k.cfg.Registry)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		count := func() (n int, names map[string]bool) {
			families, err := k.cfg.Registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			names = map[string]bool{}
			for _, f := range families {
				names[f.GetName()] = true
				n += len(f.GetMetric())
			}
			return n, names
		}
		before, names := count()
		for _, s := range e.metrics.table() {
			may := strings.HasPrefix(s.name, "rvo_swap") || s.name == "rvo_detector_failures_total" || s.name == "rvo_clips_short_total"
			if !names[s.name] && !may {
				t.Errorf("%s is in the table and not gathered", s.name)
			}
		}
		time.Sleep(20 * time.Second)
		if after, _ := count(); after != before {
			t.Errorf("%d series after twice the time, %d before", after, before)
		}
		stop()
	})
}
