package bench

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// summaryColumns are the first RVO's twenty, then what these hide.
func summaryColumns() []string {
	return []string{
		"run_id", "scenario", "detector_sleep_ms", "input_fps", "actual_camera_fps", "duration_secs", "tick_p50_ns", "tick_p99_ns",
		"tick_p999_ns", "tick_count", "exec_p50_ns", "exec_p99_ns", "exec_p999_ns", "total_ticks", "total_execs", "total_skips",
		"total_events", "total_frame_drops", "effective_fps", "frame_loss_rate",
		"design", "tick_mean_ns", "tick_max_ns", "exec_max_ns",
		"arrival_p50_ns", "arrival_p99_ns", "arrival_max_ns", "start_p50_ns", "start_p99_ns", "start_max_ns",
		"over_p50_ns", "over_p99_ns", "over_max_ns", "event_p50_ns", "event_p99_ns", "event_max_ns", "event_count",
		"late_p50_ns", "late_p99_ns", "late_max_ns", "late_count",
		"offered", "taken", "superseded", "not_ingested", "abandoned", "repeats", "skips_by_cause",
		"cpu_pct", "foreign_cpu_pct", "noisy", "tries", "allocs", "alloc_bytes", "gc_count", "gc_pause_max_ns", "goroutines_per_camera", "heap_bytes_per_camera",
	}
}

func (r *Result) summary() []string {
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	ns := func(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	asked := r.Scenario.Asked
	if asked == 0 {
		asked = r.Scenario.FPS
	}
	out := []string{
		strconv.Itoa(r.Run), r.Scenario.Name, f(float64(r.Scenario.cost()) / 1e6), f(asked), f(r.fps()), f(r.Window.Seconds()),
		ns(r.tick.q(50)), ns(r.tick.q(99)), ns(r.tick.q(99.9)), strconv.FormatInt(r.tick.count(), 10),
		ns(r.exec.q(50)), ns(r.exec.q(99)), ns(r.exec.q(99.9)), n(r.Ticks), n(r.Execs), n(r.skips()), n(r.Events), n(r.drops()),
		f(float64(r.Ticks) / r.Window.Seconds()), f(r.lost()),
		string(r.Design), f(r.tick.h.Mean()), ns(r.tick.max()), ns(r.exec.max()),
	}
	for _, h := range []hist{r.arrive, r.begin, r.over, r.event} {
		out = append(out, ns(h.q(50)), ns(h.q(99)), ns(h.max()))
	}
	out = append(out, strconv.FormatInt(r.event.count(), 10),
		ns(r.late.q(50)), ns(r.late.q(99)), ns(r.late.max()), strconv.FormatInt(r.late.count(), 10),
		n(r.Offered), n(r.Taken), n(r.Superseded), n(r.NotIngested), n(r.Abandoned), n(r.Repeats), r.causes())
	u := &r.Usage
	foreign := ""
	if !math.IsNaN(u.Foreign) {
		foreign = f(100 * u.Foreign)
	}
	return append(out, f(100*u.CPU), foreign, strconv.FormatBool(r.Noisy()), strconv.Itoa(r.Tries), n(u.Allocs), n(u.Bytes),
		strconv.FormatUint(uint64(u.GCs), 10), ns(u.Pause), f(u.Goroutines), f(u.Heap))
}

// causes is the skips as "busy=3 rate=7".
func (r *Result) causes() string {
	var out []string
	for c, n := range r.Skips {
		out = append(out, fmt.Sprintf("%s=%d", c, n))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// seriesColumns are the first RVO's thirteen (percentiles from the beginning of the window), then those of the interval.
func seriesColumns() []string {
	return []string{
		"elapsed_ms", "ticks_delta", "execs_delta", "skips_delta", "events_delta", "frame_drops_delta", "tick_p50_ns", "tick_p99_ns",
		"exec_p50_ns", "exec_p99_ns", "staleness_p50_ns", "staleness_p99_ns", "frame_queue_depth",
		"unseen_delta", "interval_tick_p50_ns", "interval_tick_p99_ns", "interval_tick_max_ns", "interval_exec_p99_ns", "interval_staleness_p99_ns",
	}
}

func (r *Result) rows() [][]string {
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	ns := func(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }
	var out [][]string
	ticks, execs, stale := newHist(2), newHist(2), newHist(2)
	for i := range r.series {
		p := &r.series[i]
		ticks.h.Merge(p.tick.h)
		execs.h.Merge(p.exec.h)
		stale.h.Merge(p.stale.h)
		out = append(out, []string{
			strconv.FormatInt(p.until.Milliseconds(), 10), n(p.ticks), n(p.execs), n(p.skips), n(p.events), n(p.drops),
			ns(ticks.q(50)), ns(ticks.q(99)), ns(execs.q(50)), ns(execs.q(99)), ns(stale.q(50)), ns(stale.q(99)), n(p.depth),
			n(p.unseen), ns(p.tick.q(50)), ns(p.tick.q(99)), ns(p.tick.max()), ns(p.exec.q(99)), ns(p.stale.q(99)),
		})
	}
	return out
}

// writeCSV writes summary.csv, which replaces an earlier one, and the time series of each window.
func writeCSV(dir string, results []*Result) error {
	rows := [][]string{summaryColumns()}
	for _, r := range results {
		rows = append(rows, r.summary())
		name := fmt.Sprintf("%s_%s_%d_%s_timeseries.csv", r.Scenario.Name, r.Design, r.Run, r.Window)
		if err := table(filepath.Join(dir, name), append([][]string{seriesColumns()}, r.rows()...)); err != nil {
			return err
		}
	}
	return table(filepath.Join(dir, "summary.csv"), rows)
}

func table(path string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	w := csv.NewWriter(f)
	if err := w.WriteAll(rows); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
