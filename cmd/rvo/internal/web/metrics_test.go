package web

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

var update = flag.Bool("update", false, "write the server's table in docs/metrics.md")

// TestMetricsDocument: docs/metrics.md lists what the server registers, and it is as promtool wants it.
func TestMetricsDocument(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := newMetrics(reg)
	m.requests.WithLabelValues("GET /health", "200").Inc()
	c, _ := config(t)
	c.Engine, c.Registry = newStill(t), reg
	l := newLive(c, m)
	t.Cleanup(l.start())
	m.watch(reg, func() int { return 3 }, l)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	table := "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "rvo_") {
			table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labels(f), f.GetHelp())
		}
	}
	const file, begin, end = "../../../../docs/metrics.md", "<!-- server: go test ./cmd/rvo/internal/web -run MetricsDocument -update -->\n", "<!-- server end -->\n"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(raw), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost the marks around the server's table", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != table {
		t.Errorf("%s is not what the server registers: go test ./cmd/rvo/internal/web -run MetricsDocument -update", file)
	}
}

// labels are the names of a metric's labels.
func labels(f *dto.MetricFamily) string {
	var out []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		out = append(out, l.GetName())
	}
	return strings.Join(out, ", ")
}
