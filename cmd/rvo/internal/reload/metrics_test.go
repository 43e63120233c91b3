package reload_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"rvo.dev/cmd/rvo/internal/reload"
)

var update = flag.Bool("update", false, "write the table of reloads in docs/metrics.md")

// TestMetricsDocument: docs/metrics.md lists what is registered here, as promtool wants it, and it counts what happened.
func TestMetricsDocument(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.put("gate.cue", "{")
		k.wait(reload.Rejected)
		refused := k.metric("rvo_reload_refused", "")
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"1s"`, 1))
		k.wait(reload.Applied)
		if applied, rejected, now := k.metric("rvo_reload_total", "applied"), k.metric("rvo_reload_total", "rejected"), k.metric("rvo_reload_refused", ""); applied != 1 || rejected != 1 || refused != 1 || now != 0 {
			t.Errorf("applied %v, rejected %v, refused %v and then %v", applied, rejected, refused, now)
		}
		if n := k.metric("rvo_config_info", k.r.Running().Graph.Revision); n != 1 {
			t.Error("what runs is not told")
		}
		problems, err := testutil.GatherAndLint(k.reg)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		families, err := k.reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		table := "| metric | type | labels | meaning |\n|---|---|---|---|\n"
		for _, f := range families {
			var labels []string
			for _, l := range f.GetMetric()[0].GetLabel() {
				labels = append(labels, l.GetName())
			}
			table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
		}
		const file, begin, end = "../../../../docs/metrics.md", "<!-- reload: go test ./cmd/rvo/internal/reload -run MetricsDocument -update -->\n", "<!-- reload end -->\n"
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, ok1 := strings.Cut(string(raw), begin)
		old, tail, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has lost the marks around the table of reloads", file)
		}
		if *update {
			if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if old != table {
			t.Errorf("%s is not what is registered: go test ./cmd/rvo/internal/reload -run MetricsDocument -update", file)
		}
	})
}

// metric returns the sum of a metric's values that have this label value, of all with none.
func (k *kit) metric(name, label string) float64 {
	k.t.Helper()
	families, err := k.reg.Gather()
	if err != nil {
		k.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			has := label == ""
			for _, l := range m.GetLabel() {
				has = has || l.GetValue() == label
			}
			if f.GetName() == name && has {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// What people send as a whole pipeline may be larger than a request usually is.
func TestPlanTakesAWholePipeline(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		for _, r := range k.r.Routes() {
			if r.Path == "/api/v1/plan" && r.MaxBody < 1<<20 {
				t.Errorf("%d bytes", r.MaxBody)
			}
		}
		var o reload.Outcome
		if code := k.call(http.MethodPost, "/api/v1/plan", base+strings.Repeat("// a remark\n", 20000), &o); code != http.StatusOK || len(o.Changes) != 0 {
			t.Errorf("%d %+v", code, o)
		}
	})
}
