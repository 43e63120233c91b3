package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/isolate"
	"rvo.dev/engine/node"
)

// TestMain holds the benches to what the package says of its goroutines; started as a detector's process, the program is
// one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == isolate.Argument {
		none, err := node.NewSet()
		if err == nil {
			none, err = Isolated(none)
		}
		if err == nil {
			err = isolate.Serve(none, frame.StdCodec{})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// TestDeathsInProcesses: detectors that die are started again, and the one beside them goes on; nothing about time.
func TestDeathsInProcesses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("detectors have processes of their own on Linux only")
	}
	rs := measured(t, tiny(), "isolate_faults") // which takes the time it needs
	for _, l := range rs[0].loads {
		if l.Isolate && l.restarts == 0 {
			t.Errorf("%s was not started again", l.ID)
		}
		if l.runs == 0 {
			t.Errorf("%s did not run", l.ID)
		}
	}
	if rs[0].NotIngested > 0 {
		t.Errorf("%d pictures found no buffer", rs[0].NotIngested)
	}
}

// TestInTurns: what is held against one another is measured window by window and told in the order of the scenarios; a scenario
// that needs longer windows takes them, and says so.
func TestInTurns(t *testing.T) {
	one := func(name, turns string, window time.Duration) Scenario {
		return Scenario{Name: name, FPS: 100, Cameras: 1, Lanes: true, Turns: turns, Window: window}
	}
	list := []Scenario{one("a", "x", 0), one("b", "", 0), one("c", "x", 80*time.Millisecond), one("d", "", 0)}
	var order []string
	o := Options{Runs: 2, Duration: 40 * time.Millisecond, Sample: 10 * time.Millisecond, Progress: func(s string) { order = append(order, strings.Fields(s)[0]) }}
	if n, takes := o.Plan(list); n != 8 || takes != 2*(3*40+80)*time.Millisecond+8*settle {
		t.Errorf("planned: %d windows in %v", n, takes)
	}
	rs, err := Run(t.Context(), list, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "acacbbdd" {
		t.Errorf("measured in the order %s", got)
	}
	told := ""
	for _, r := range rs {
		told += r.Scenario.Name
	}
	if told != "aabbccdd" {
		t.Errorf("told in the order %s", told)
	}
	if got := lengths(rs); got != "40ms, of c 80ms" {
		t.Errorf("the windows are of %s", got)
	}
}

// tiny measures for a moment: enough for structure and conservation, nothing about time.
func tiny() Options {
	return Options{Duration: 120 * time.Millisecond, Warmup: 60 * time.Millisecond, Sample: 40 * time.Millisecond}
}

func measured(t *testing.T, o Options, names ...string) []*Result {
	t.Helper()
	var scenarios []Scenario
	for _, n := range names {
		s, err := Find(n)
		if err != nil {
			t.Fatal(err)
		}
		if s.Turns == "hol" || s.Turns == "mixed" {
			s.Window = 0 // a test needs no percentile that means something
		}
		scenarios = append(scenarios, s)
	}
	rs, err := Run(t.Context(), scenarios, o)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// TestEveryPictureIsCounted: of each kind of scenario, in both designs, whatever the machine is doing meanwhile.
func TestEveryPictureIsCounted(t *testing.T) {
	for _, r := range measured(t, tiny(), "baseline", "load_shed", "overload_severe", "fast_slow", "cameras_10", "ingest_10000", "burn_two_cores") {
		name := r.Scenario.Name + " " + string(r.Design)
		due := r.Scenario.FPS * float64(r.Scenario.Cameras) * r.Window.Seconds()
		if slack := float64(r.Scenario.Cameras) + 1; float64(r.Offered) < due-slack || float64(r.Offered) > due+slack {
			t.Errorf("%s: %d pictures were due, want %.0f", name, r.Offered, due)
		}
		if r.Taken > r.Offered || r.Taken+r.Superseded+r.NotIngested != r.Offered {
			t.Errorf("%s: %d offered, %d taken + %d superseded + %d not ingested", name, r.Offered, r.Taken, r.Superseded, r.NotIngested)
		}
		var ticks, execs, runs uint64
		for i := range r.series {
			ticks += r.series[i].ticks
			execs += r.series[i].execs
		}
		for i := range r.loads {
			runs += r.loads[i].runs
		}
		if ticks != r.Ticks || uint64(r.tick.count()) != r.Ticks || execs != r.Execs || runs != r.Execs {
			t.Errorf("%s: %d ticks, %d in the series, %d in the histogram; %d runs, %d in the series, %d by detector", name, r.Ticks, ticks, r.tick.count(), r.Execs, execs, runs)
		}
		if r.arrive.count() != int64(r.Taken) {
			t.Errorf("%s: %d arrivals of %d pictures", name, r.arrive.count(), r.Taken)
		}
		if r.over.count()+int64(r.Repeats) != int64(r.Execs) || r.begin.count() != r.over.count() {
			t.Errorf("%s: %d latencies and %d repeats of %d runs", name, r.over.count(), r.Repeats, r.Execs)
		}
		if r.Design == Inline && r.exec.count() > 0 && r.Scenario.cost() > 0 && r.tick.max() < r.exec.max() {
			t.Errorf("%s: the longest tick %v is shorter than the longest run %v in it", name, r.tick.max(), r.exec.max())
		}
		for i := range r.loads {
			if l := &r.loads[i]; l.Work == Wait && l.runs > 0 && r.exec.max() < l.Cost {
				t.Errorf("%s: no run of %s took its %v", name, l.ID, l.Cost)
			}
		}
		if r.Usage.Goroutines <= 0 || r.Usage.CPU < 0 {
			t.Errorf("%s: usage %+v", name, r.Usage)
		}
	}
}

// TestNoPictureIsRefused: with lanes there is a buffer for every picture, however fast the camera and however late the
// core: what it is too slow for is superseded. The core holds two pictures for a moment, the newest and the one that
// follows it.
func TestNoPictureIsRefused(t *testing.T) {
	o := tiny()
	o.Designs, o.Duration = []Design{Lanes}, 500*time.Millisecond
	for _, r := range measured(t, o, "ingest_100000", "fast_slow", "burn_two_cores") {
		if r.NotIngested != 0 || r.Offered == 0 {
			t.Errorf("%s: %d of %d pictures found no buffer", r.Scenario.Name, r.NotIngested, r.Offered)
		}
	}
}

// TestInlineBlocksAndLanesDoNot is the reason for the rewrite, as numbers that no load on the machine can turn round:
// an inline tick holds the detector's wait, and a lane's does not.
func TestInlineBlocksAndLanesDoNot(t *testing.T) {
	o := tiny()
	o.Duration = 250 * time.Millisecond
	rs := measured(t, o, "hol_50ms")
	if len(rs) != 2 || rs[0].Design != Lanes || rs[1].Design != Inline {
		t.Fatalf("%d results", len(rs))
	}
	if got := rs[1].tick.q(50); got < 50*time.Millisecond {
		t.Errorf("half of the inline ticks are over within %v, with a detector of 50 ms in each", got)
	}
	if got := rs[0].tick.q(50); got >= 50*time.Millisecond {
		t.Errorf("half of the ticks with lanes take %v", got)
	}
	if rs[1].lost() <= rs[0].lost() {
		t.Errorf("lost by the first RVO's measure: inline %v, lanes %v", rs[1].lost(), rs[0].lost())
	}
}

// TestPauseFromTheEnd is the first RVO's fault 1: a run longer than its pause made none.
func TestPauseFromTheEnd(t *testing.T) {
	s := Scenario{Name: "pause", FPS: 100, Cameras: 1, Loads: []Load{every(Wait, 120*time.Millisecond)}}
	s.Loads[0].Class = 1 // medium: pauses 100 ms
	rs, err := Run(t.Context(), []Scenario{s}, Options{Duration: 700 * time.Millisecond, Warmup: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	lanes, inline := rs[0].loads[0], rs[1].loads[0]
	if lanes.runs == 0 || lanes.pause < 100*time.Millisecond {
		t.Errorf("lanes: %d runs with a shortest pause of %v, want at least 100ms", lanes.runs, lanes.pause)
	}
	if inline.runs < 2 || inline.pause >= 100*time.Millisecond {
		t.Errorf("inline: %d runs with a shortest pause of %v: the rebuilt loop lacks the fault that it is to show", inline.runs, inline.pause)
	}
}

func TestPixelsEvidenceAndGarbage(t *testing.T) {
	big := Scenario{Name: "pixels", FPS: 30, Width: 64, Height: 48, Cameras: 1, Evidence: true, Garbage: 5, Loads: []Load{every(Burn, time.Millisecond)}}
	o := tiny()
	var rs []*Result
	// A machine that is busy with other tests may have no time for a picture in a short window.
	for o.Duration = 300 * time.Millisecond; o.Duration < 10*time.Second; o.Duration *= 3 {
		var err error
		if rs, err = Run(t.Context(), []Scenario{big}, o); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(rs, func(r *Result) bool { return r.Offered == 0 }) {
			break
		}
	}
	for _, r := range rs {
		if r.Usage.Bytes < 100<<10 || r.Offered == 0 || r.Scenario.Width != 64 {
			t.Errorf("%s: %d bytes of garbage, %d pictures", r.Design, r.Usage.Bytes, r.Offered)
		}
	}
}

func TestScenariosHoldWhatTheFirstRVOHad(t *testing.T) {
	want := strings.Fields("baseline inproc_low blocking_1ms blocking_3ms blocking_10ms blocking_50ms load_shed overload_threshold overload_moderate overload_severe fps_1000 fps_2000 fps_5000")
	var got []string
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if s.Seed {
			got = append(got, s.Name)
		}
		if seen[s.Name] || s.Doc == "" || s.FPS <= 0 || s.Cameras < 1 {
			t.Errorf("scenario %+v", s)
		}
		seen[s.Name] = true
		if _, err := spec(&s); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the first RVO's scenarios are %v", got)
	}
	for _, n := range targetNames() {
		if !seen[n] {
			t.Errorf("a target is taken from %s, which is no scenario", n)
		}
	}
	if _, err := Find("baselin"); err == nil || !strings.Contains(err.Error(), "baseline") {
		t.Errorf("a wrong name gives %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "window"},
		{Options{Duration: time.Second, Warmup: -1}, "warm-up"},
		{Options{Duration: time.Second, Runs: -1}, "runs"},
		{Options{Duration: time.Second, Sample: time.Microsecond}, "samples"},
		{Options{Duration: time.Second, Designs: []Design{"both"}}, "design"},
	} {
		if _, err := Run(t.Context(), nil, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %v, want %q", c.o, err, c.want)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	s, err := Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []Design{Lanes, Inline} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		rs, err := Run(ctx, []Scenario{s}, Options{Duration: time.Hour, Warmup: 15 * time.Millisecond, Sample: time.Hour, Designs: []Design{d}})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || len(rs) != 0 {
			t.Errorf("%s: %d results and %v", d, len(rs), err)
		}
	}
}

// TestSeedColumns: the first twenty and thirteen are the first RVO's, in its order and with figures that belong together.
func TestSeedColumns(t *testing.T) {
	rs := measured(t, tiny(), "load_shed", "baseline")
	dir := t.TempDir()
	if _, err := (&Report{Results: rs}).Write(dir, false); err != nil {
		t.Fatal(err)
	}
	read := func(name string) [][]string {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll() // refuses rows of unequal length
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("summary.csv")
	head := strings.Join(rows[0][:20], ", ")
	if head != "run_id, scenario, detector_sleep_ms, input_fps, actual_camera_fps, duration_secs, tick_p50_ns, tick_p99_ns, tick_p999_ns, tick_count, exec_p50_ns, exec_p99_ns, exec_p999_ns, total_ticks, total_execs, total_skips, total_events, total_frame_drops, effective_fps, frame_loss_rate" {
		t.Errorf("columns %s", head)
	}
	if len(rows) != 1+len(rs) {
		t.Fatalf("%d rows of %d results", len(rows), len(rs))
	}
	for i, row := range rows[1:] {
		num := func(name string) float64 {
			v, err := strconv.ParseFloat(row[slices.Index(rows[0], name)], 64)
			if err != nil {
				t.Errorf("row %d: %s: %v", i, name, err)
			}
			return v
		}
		if num("tick_p50_ns") > num("tick_p99_ns") || num("tick_p99_ns") > num("tick_p999_ns") || num("tick_p999_ns") > num("tick_max_ns") {
			t.Errorf("row %d: percentiles fall: %v", i, row)
		}
		if num("tick_count") != num("total_ticks") || num("frame_loss_rate") < 0 {
			t.Errorf("row %d: %v", i, row)
		}
	}
	series := read("load_shed_lanes_1_120ms_timeseries.csv")
	if got := strings.Join(series[0][:13], ", "); got != "elapsed_ms, ticks_delta, execs_delta, skips_delta, events_delta, frame_drops_delta, tick_p50_ns, tick_p99_ns, exec_p50_ns, exec_p99_ns, staleness_p50_ns, staleness_p99_ns, frame_queue_depth" {
		t.Errorf("columns %s", got)
	}
	if len(series) != 4 || series[1][0] != "40" || series[3][0] != "120" {
		t.Errorf("intervals %v", series)
	}
}

// TestReport: figures for what was measured, and a page that needs nothing beside it.
func TestReport(t *testing.T) {
	rs := measured(t, tiny(), "overload_threshold", "overload_moderate", "overload_severe", "load_shed", "cameras_1", "cameras_10", "fps_1000", "fps_2000", "fps_5000", "ingest_10000", "ingest_50000", "ingest_100000", "hol_0ms", "hol_1ms", "hol_3ms", "hol_10ms", "hol_50ms")
	dir := t.TempDir()
	report := &Report{Results: rs, Host: Machine(), Command: "rvo bench --all", At: time.Unix(0, 0)}
	report.Targets = []Target{{Name: "some_target", Value: 1, Bound: 2, AtMost: true, Unit: "x", Verdict: Pass}}
	all := []string{"head_of_line", "latency_cdf", "overload", "ceiling", "shedding", "scaling"}
	if drawn, err := report.Write(dir, true); err != nil || !slices.Equal(drawn, all) {
		t.Fatalf("drew %v: %v", drawn, err)
	}
	html, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		png, err := os.ReadFile(filepath.Join(dir, name+".png"))
		if err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
			t.Errorf("%s.png: %v", name, err)
		}
		svg, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil || !strings.Contains(string(svg), "<svg") || strings.Contains(string(svg), "NaN") {
			t.Errorf("%s.svg: %v", name, err)
		}
		if !strings.Contains(string(html), `<figure id="`+name+`"><svg`) {
			t.Errorf("report.html lacks %s", name)
		}
	}
	for _, s := range []string{`src="`, `href="`, "<script"} {
		if strings.Contains(string(html), s) {
			t.Errorf("report.html needs something beside it: it has %s", s)
		}
	}
	page, err := report.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"| overload_severe | lanes | ", "| overload_severe | inline | ", "| some_target | 1.00 | x | ≤ 2.00 | pass |", "1970-01-01", "    rvo bench --all\n"} {
		if !strings.Contains(page, s) {
			t.Errorf("the page lacks %q", s)
		}
	}
	var table strings.Builder
	if err := report.PrintTable(&table); err != nil || strings.Count(table.String(), "\n") != 1+len(rows(rs)) {
		t.Errorf("the table: %v\n%s", err, table.String())
	}
}

// TestPageIsOfTheseScenarios: bench/README.md is written by the command, after the last change to the list.
func TestPageIsOfTheseScenarios(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Scenarios() {
		for _, d := range s.designs([]Design{Lanes, Inline}) {
			if !s.Targets && !strings.Contains(string(b), "\n| "+s.Name+" | "+string(d)+" | ") {
				t.Errorf("README.md lacks %s with %s: write it anew with rvo bench --all --targets --readme bench/README.md", s.Name, d)
			}
		}
	}
}
