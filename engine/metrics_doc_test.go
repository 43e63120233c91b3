package engine

import (
	stdflag "flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

var updateDocs = stdflag.Bool("update", false, "rewrite the table in docs/metrics.md")

// TestMetricsDocument: docs/metrics.md lists what the engine registers, and names nothing else.
func TestMetricsDocument(t *testing.T) {
	k := newKit(t)
	k.camera("front", 10, &fakeCamera{live: true})
	k.detector("d", 10, says(0, 1))
	e := k.engine()
	rows := map[string]string{}
	kinds := map[prometheus.ValueType]string{prometheus.CounterValue: "counter", prometheus.GaugeValue: "gauge", prometheus.UntypedValue: "histogram"}
	for _, s := range e.metrics.table() {
		rows[s.name] = row(s.name, kinds[s.kind], s.labels, s.help)
	}
	var names []string
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	table := "| metric | type | labels | meaning |\n|---|---|---|---|\n"
	for _, n := range names {
		table += rows[n]
	}
	const file, begin, end = "../docs/metrics.md", "<!-- table: go test ./engine -run MetricsDocument -update -->\n", "<!-- end -->\n"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(raw), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost the marks around its table", file)
	}
	if *updateDocs {
		if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		old = table
	}
	if old != table {
		t.Errorf("%s is not what the engine registers: go test ./engine -run MetricsDocument -update", file)
	}
	for _, other := range []string{"server", "reload"} { // tables that tests of their own look after
		if before, after, ok := strings.Cut(tail, "<!-- "+other+": "); ok {
			_, after, _ = strings.Cut(after, "<!-- "+other+" end -->\n")
			tail = before + after
		}
	}
	for _, used := range regexp.MustCompile("rvo_[a-z_]+").FindAllString(head+tail, -1) {
		base := regexp.MustCompile("_(sum|count|bucket)$").ReplaceAllString(used, "")
		if _, ok := rows[base]; !ok && !seedNames(used) {
			t.Errorf("%s speaks of %s, which is not registered", file, used)
		}
	}
}

func row(name, kind string, labels []string, help string) string {
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, kind, strings.Join(labels, ", "), help)
}

// seedNames reports whether a name is one of the first RVO's, which the document maps to ours.
func seedNames(name string) bool {
	return slices.Contains([]string{
		"rvo_scheduler_ticks", "rvo_detector_exec_total", "rvo_detector_skip_total", "rvo_detector_failure_total",
		"rvo_detector_exec_ns_total", "rvo_events_emitted_total", "rvo_frame_drops_total", "rvo_clip_drops_total",
		"rvo_event_drops_total", "rvo_frame_queue_depth", "rvo_event_queue_depth", "rvo_clip_pending_depth",
		"rvo_tick_ns", "rvo_detector_exec_ns", "rvo_frame_staleness_ns", "rvo_remote_latency_ns",
	}, name)
}
