package analysis_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/analysis"
)

// ratios collects how many times what was observed a bound is.
type ratios map[string][]float64

func (q ratios) add(what string, bound analysis.Span, observed time.Duration) {
	if observed > 0 {
		q[what] = append(q[what], float64(bound)/float64(observed))
	}
}

func (q ratios) String() string {
	var b strings.Builder
	for _, what := range []string{"response", "latency", "age", "event"} {
		r := slices.Clone(q[what])
		slices.Sort(r)
		if n := len(r); n > 0 {
			fmt.Fprintf(&b, "%-8s %6d bounds, bound/observed median %.2f, p90 %.2f, largest %.2f\n", what, n, r[n/2], r[n*9/10], r[n-1])
		}
	}
	return b.String()
}

// check compares what a trial did with what was said of it.
func (tr *trial) check(t *testing.T, seed uint64, q ratios) {
	t.Helper()
	w := tr.world
	for i := range tr.report.Instances {
		in, s := &tr.report.Instances[i], &w.instances[i]
		for _, c := range []struct {
			what     string
			bound    analysis.Span
			observed time.Duration
		}{
			{"response", in.Response.Total, s.response},
			{"latency", in.Latency.Total, s.latency},
			{"age", in.Age, s.age},
		} {
			if c.what == "age" && gated(tr, i) {
				continue // it is said for open gates
			}
			if !c.bound.Bounded() {
				continue
			}
			if c.observed > c.bound.Duration() {
				t.Errorf("seed %d: %s of %s was %v, the bound is %v: %+v", seed, c.what, in.Name, c.observed, c.bound, in.Latency.Parts)
			}
			q.add(c.what, c.bound, c.observed)
		}
	}
	for i := range tr.report.Events {
		e := &tr.report.Events[i]
		if !e.Latency.Total.Bounded() {
			continue
		}
		worst, _, missed := w.confirmed(i)
		if worst > e.Latency.Total.Duration() || missed > 0 {
			t.Errorf("seed %d: event %s took %v and was missed %d times, the bound is %v: %+v", seed, e.Name, worst, missed, e.Latency.Total, e.Latency.Parts)
		}
		q.add("event", e.Latency.Total, worst)
	}
}

// gated reports whether a gate stands before an instance or before what it needs.
func gated(tr *trial, i int) bool {
	in := &tr.g.Instances[i]
	return in.Gate != nil || slices.ContainsFunc(in.Producers, func(p int) bool { return gated(tr, p) })
}

// TestBounds is the law that the package lives by: on the real core nothing takes longer than its bound, in pipelines that
// are called schedulable, and in others as far as there are bounds. RVO_ANALYSIS_TRIALS sets how many schedulable ones are
// tried (300), RVO_ANALYSIS_SEED the first seed (1).
func TestBounds(t *testing.T) {
	trials, seed := 300, uint64(1)
	if v := os.Getenv("RVO_ANALYSIS_TRIALS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		trials = n
	} else if testing.Short() {
		trials = 60
	}
	if v := os.Getenv("RVO_ANALYSIS_SEED"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	set := kinds(t)
	q, others := ratios{}, ratios{}
	overloaded, runs := 0, 0
	for n := 0; n < trials && !t.Failed(); seed++ {
		tr := try(t, seed, set)
		tr.world.run()
		for i := range tr.world.instances {
			runs += tr.world.instances[i].runs
		}
		if tr.report.Schedulable {
			n++
			tr.check(t, seed, q)
		} else {
			overloaded++
			tr.check(t, seed, others)
		}
	}
	t.Logf("%d schedulable pipelines, %d others, %d runs\n%sof the others:\n%s", trials, overloaded, runs, q, others)
}
