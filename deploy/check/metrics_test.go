package check

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// metric is a line of the table in docs/metrics.md, which a test of the engine generates from what it exports.
type metric struct {
	kind   string
	labels []string
}

func metrics(t *testing.T) map[string]metric {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]metric{"up": {kind: "gauge", labels: []string{"job"}}}
	for _, m := range regexp.MustCompile("(?m)^\\| `(rvo_[a-z_]+)` \\| (\\w+) \\| ([a-z_, ]*) \\|").FindAllStringSubmatch(string(doc), -1) {
		var names []string
		for _, l := range strings.Split(m[3], ",") {
			if l = strings.TrimSpace(l); l != "" {
				names = append(names, l)
			}
		}
		out[m[1]] = metric{m[2], names}
	}
	if len(out) < 40 {
		t.Fatalf("%d metrics in docs/metrics.md: its table is not read", len(out))
	}
	// The Go client's own, of every program that uses it.
	for _, name := range []string{"process_cpu_seconds_total", "process_resident_memory_bytes", "go_memstats_heap_alloc_bytes", "go_goroutines", "go_threads"} {
		out[name] = metric{kind: "gauge"}
	}
	return out
}

// variables are what Grafana puts in.
func variables(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5m").Replace(expr)
}

// checkQuery says what is wrong with a query: its syntax, a metric that does not exist, a label that the metric has not, a
// histogram's part of what is none.
func checkQuery(expr string, known map[string]metric) error {
	parsed, err := parser.ParseExpr(variables(expr))
	if err != nil {
		return err
	}
	var errs []error
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := v.Name
		m, ok := known[name]
		if !ok {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if base, cut := strings.CutSuffix(name, part); cut && known[base].kind == "histogram" {
					m, ok = known[base], true
				}
			}
		}
		if !ok {
			errs = append(errs, errors.New("there is no metric "+name))
			return nil
		}
		for _, l := range v.LabelMatchers {
			if l.Name != labels.MetricName && l.Name != "instance" && !slices.Contains(m.labels, l.Name) {
				errs = append(errs, errors.New(name+" has no label "+l.Name))
			}
		}
		return nil
	})
	return errors.Join(errs...)
}

// queries returns every query of the dashboard by its panel.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "grafana", "rvo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Type, Title, Description string
			GridPos                  struct{ H, W, X, Y int }
			Targets                  []struct{ Expr string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
		Templating  struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || out[p.Title] != nil || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q shows nothing, is there twice, or does not fit", p.Title)
		}
		for _, q := range p.Targets {
			out[p.Title] = append(out[p.Title], q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			out["annotation "+a.Name] = []string{a.Expr}
		}
	}
	for _, v := range d.Templating.List {
		if m := regexp.MustCompile(`^label_values\((.*), \w+\)$`).FindStringSubmatch(v.Definition); m != nil {
			out["variable "+v.Name] = []string{m[1]}
		}
	}
	return out
}

// TestDashboard: every query of the dashboard asks for metrics and labels that there are.
func TestDashboard(t *testing.T) {
	known := metrics(t)
	all := queries(t)
	if len(all) < 30 {
		t.Errorf("%d panels and variables: the dashboard is not read", len(all))
	}
	for title, list := range all {
		for _, expr := range list {
			if err := checkQuery(expr, known); err != nil {
				t.Errorf("%s: %v\n\t%s", title, err, expr)
			}
		}
	}
}

// TestRules: every alert asks for metrics and labels that there are, is tested, and says what it is about.
func TestRules(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "prometheus", "rvo.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(filepath.Join("..", "prometheus", "rvo.rules_test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	known := metrics(t)
	n := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			n++
			if err := checkQuery(r.Expr, known); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			if r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s has no summary or no severity", r.Alert)
			}
			if !regexp.MustCompile(`alertname: ` + r.Alert + `\n\s+exp_alerts:\n\s+- `).Match(tests) {
				t.Errorf("no test has %s fire", r.Alert)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d rules: the file is not read", n)
	}
}

// TestAWrongQueryIsSeen: what the two rest on finds mistakes.
func TestAWrongQueryIsSeen(t *testing.T) {
	known := metrics(t)
	for expr, want := range map[string]string{
		"rvo_camera_upp":                            "no metric rvo_camera_upp",
		`rvo_camera_up{detector="a"}`:               "no label detector",
		"rate(rvo_frames_total_bucket[5m])":         "no metric rvo_frames_total_bucket",
		"sum(rate(rvo_tick_seconds_bucket[5m])":     "parse error",
		"rvo_ready + on (instance) rvo_tick_second": "no metric rvo_tick_second",
	} {
		if err := checkQuery(expr, known); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", expr, err, want)
		}
	}
}

// TestPromtool: Prometheus' own tool takes the rules, and their tests pass.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: prometheus)")
	}
	for _, args := range [][]string{
		{"check", "rules", filepath.Join("..", "prometheus", "rvo.rules.yml")},
		{"test", "rules", filepath.Join("..", "prometheus", "rvo.rules_test.yml")},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
