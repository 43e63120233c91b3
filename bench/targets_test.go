package bench

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		t    Target
		want Verdict
	}{
		{Target{Value: 2, Bound: 2, AtMost: true}, Pass},
		{Target{Value: 3, Bound: 2, AtMost: true}, Fail},
		{Target{Value: 3, Bound: 2, AtMost: true, Foreign: 0.5}, Spoiled},
		{Target{Value: 1, Bound: 2, AtMost: true, Foreign: 0.5}, Pass},
		{Target{Value: 3, Bound: 2, AtMost: true, Foreign: 0.5, Exact: true}, Fail},
		{Target{Value: 3, Bound: 2}, Pass},
		{Target{Value: 1, Bound: 2}, Fail},
		{Target{Value: math.NaN(), Bound: 2, AtMost: true}, Fail},
	} {
		if c.t.judge(); c.t.Verdict != c.want {
			t.Errorf("%+v: want %s", c.t, c.want)
		}
	}
	got := (&Target{Name: "x", Value: 1.5, Unit: "ms", Bound: 20, Verdict: Pass}).String()
	if f := strings.Fields(got); len(f) != 5 || f[0] != "x" || f[1] != "1.50" || f[2] != "ms" || f[3] != ">=20.0" || f[4] != "pass" {
		t.Errorf("a line is %q", got)
	}
}

// TestNoisySaysHow: the load that spoiled a target stands behind it.
func TestNoisySaysHow(t *testing.T) {
	x := Target{Name: "x", Value: 3, Unit: "us", Bound: 2, AtMost: true, Foreign: 0.5}
	x.judge()
	if got := x.String(); !strings.HasSuffix(got, "<=2.00 noisy (others used 50.0 % of a core)") {
		t.Errorf("a line is %q", got)
	}
}

// made is a result with one value in each histogram.
func made(name string, d Design, change func(*Result)) *Result {
	s, err := Find(name)
	if err != nil {
		panic(err)
	}
	o := Options{Duration: time.Second, Sample: time.Second}
	r := newResult(&s, d, 1, &o)
	for _, h := range []hist{r.tick, r.exec, r.over, r.event, r.late} {
		h.add(10 * time.Microsecond)
	}
	r.Offered, r.Taken = 100, 100
	if change != nil {
		change(r)
	}
	return r
}

// TestJudge: made-up results that meet everything, then one by one some that do not.
func TestJudge(t *testing.T) {
	good := func(r *Result) {
		for i := range r.loads {
			l := &r.loads[i]
			l.runs, l.pause, l.restarts = 192, time.Second, 2
			l.over.add(10 * time.Microsecond)
		}
		r.Sent = Sent{Pictures: 100, Messages: 200}
		if r.Design == Inline {
			r.over.h.Reset()
			r.over.add(10 * time.Millisecond)
		}
	}
	judge := func(bad string, d Design, change func(*Result)) map[string]Verdict {
		var rs []*Result
		for _, n := range append(targetNames(), isolateNames()...) {
			for _, design := range []Design{Lanes, Inline} {
				r := made(n, design, good)
				if n == bad && design == d {
					change(r)
				}
				rs = append(rs, r)
			}
		}
		j := &judged{results: rs}
		j.pipelines()
		out := map[string]Verdict{}
		for _, x := range j.out {
			if out[x.Name] != "" {
				t.Errorf("target %s is there twice", x.Name)
			}
			out[x.Name] = x.Verdict
		}
		return out
	}
	for name, v := range judge("", Lanes, nil) {
		if v != Pass {
			t.Errorf("%s is %s of good results", name, v)
		}
	}
	slowTick := func(r *Result) {
		for range 200 {
			r.tick.add(time.Millisecond)
		}
	}
	for _, c := range []struct {
		scenario string
		design   Design
		change   func(*Result)
		target   string
	}{
		{"hol_10ms", Lanes, slowTick, "hol_10ms_tick_p99_ratio"},
		{"load_shed", Lanes, slowTick, "load_shed_tick_p999_ratio"},
		{"burn_two_cores", Inline, func(r *Result) { r.over.h.Reset(); r.over.add(20 * time.Microsecond) }, "frame_to_signal_p50_of_inline"},
		{"burn_two_cores", Lanes, func(r *Result) { r.over.h.Reset(); r.over.add(time.Millisecond) }, "frame_to_signal_over_cost_p50"},
		{"burn_two_cores", Lanes, func(r *Result) { r.stretch.add(time.Millisecond) }, "detector_stretched_p50"},
		{"load_shed_floor", Lanes, func(r *Result) { r.loads[1].runs = 3 }, "load_shed_floor_below_floor"},
		{"overload_mixed_priorities", Lanes, func(r *Result) { r.loads[1].runs = 2 }, "overload_mixed_priorities_below_floor"},
		{"mixed_reserve", Lanes, func(r *Result) { r.loads[0].over.h.Reset(); r.loads[0].over.add(10 * time.Millisecond) }, "mixed_reserve_p95_growth"},
		{"mixed_reserve", Lanes, func(r *Result) { r.loads[0].runs = 150 }, "mixed_reserve_critical_rate"},
		{"ingest_50000", Lanes, func(r *Result) { r.NotIngested = 1 }, "ingest_50000_not_ingested"},
		{"fast_slow", Lanes, func(r *Result) { r.Superseded = 5 }, "fast_slow_unseen"},
		{"overload_severe", Lanes, func(r *Result) { r.loads[0].runs = 150 }, "overload_severe_runs"},
		{"slower_than_backoff", Lanes, func(r *Result) { r.loads[0].pause = time.Millisecond }, "backoff_d150_pause_min"},
		{"slower_than_backoff", Lanes, func(r *Result) { r.loads[1].pause = 0 }, "backoff_d400_pause_min"},
		{"overload_mixed_priorities", Lanes, func(r *Result) { r.loads[0].runs = 96 }, "mixed_critical_rate"},
		{"overload_mixed_priorities", Lanes, func(r *Result) { r.loads[4].runs = 200 }, "mixed_classes_out_of_order"},
		{"cameras_1000", Lanes, func(r *Result) { r.Usage.Heap = 30 << 10 }, "cameras_1000_heap"},
		{"cameras_1000", Lanes, func(r *Result) { r.Usage.Goroutines = 4 }, "cameras_1000_goroutines"},
		{"cameras_1000", Lanes, func(r *Result) { r.Usage.CPU = 0.7 }, "cameras_1000_cpu"},
		{"isolate_on", Lanes, func(r *Result) { r.exec.h.Reset(); r.exec.add(5 * time.Millisecond) }, "isolate_run_p50_on_top"},
		{"isolate_on", Lanes, func(r *Result) { r.Usage.CPU = 0.2 }, "isolate_cpu_on_top"},
		{"isolate_faults", Lanes, func(r *Result) { r.loads[0].restarts = 0 }, "isolate_faults_restarts_min"},
		{"isolate_faults", Lanes, func(r *Result) { r.loads[3].runs = 100 }, "isolate_faults_other_rate"},
		{"isolate_faults", Lanes, slowTick, "isolate_faults_tick_p99_ratio"},
		{"isolate_faults", Lanes, func(r *Result) { r.NotIngested = 1 }, "isolate_faults_not_ingested"},
		{"watched", Lanes, slowTick, "watched_tick_p99_ratio"},
		{"watched", Lanes, func(r *Result) { r.Usage.Heap = 64 << 20 }, "watched_heap_on_top"},
		{"watched", Lanes, func(r *Result) { r.Sent.Pictures = 3 }, "watched_pictures"},
		{"deadlines", Lanes, func(r *Result) { r.late.h.Reset(); r.late.add(time.Millisecond) }, "deadline_late_p50"},
		{"deadlines", Lanes, func(r *Result) { r.late.add(time.Millisecond) }, "deadline_late_p99"},
	} {
		if strings.HasPrefix(c.scenario, "isolate_") && runtime.GOOS != "linux" {
			continue
		}
		if got := judge(c.scenario, c.design, c.change)[c.target]; got != Fail {
			t.Errorf("%s is %q of a bad result of %s", c.target, got, c.scenario)
		}
	}
	if _, err := Judge(nil); err == nil || !strings.Contains(err.Error(), "hol_0ms") {
		t.Errorf("without results: %v", err)
	}
}
