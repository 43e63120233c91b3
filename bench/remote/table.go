package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// What a service may cost the core: of its ticks' median and of its slowest hundredth, as ratios to the windows beside it.
const (
	mostP50 = 1.1
	mostP99 = 2.0
)

// row is the windows of one fault and those beside them.
type row struct {
	fault
	base, with []*outcome
}

// at returns the tick at a percentile, the median over windows.
func at(of []*outcome, percent int) time.Duration {
	var all []time.Duration
	for _, o := range of {
		t := slices.Sorted(slices.Values(o.ticks))
		if len(t) > 0 {
			all = append(all, t[len(t)*percent/100])
		}
	}
	return middle(all)
}

func middle(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func sum(of []*outcome, f func(*outcome) int) int {
	n := 0
	for _, o := range of {
		n += f(o)
	}
	return n
}

// broken lists the promises that the row breaks.
func (r *row) broken() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if x := ratio(at(r.with, 50), at(r.base, 50)); x > mostP50 {
		say("tick p50 %.2fx", x)
	}
	if x := ratio(at(r.with, 99), at(r.base, 99)); x > mostP99 {
		say("tick p99 %.2fx", x)
	}
	for _, o := range r.with {
		named := 0
		for cause, n := range o.causes {
			if named += n; !slices.Contains(r.causes, cause) {
				say("%d runs failed for %s", n, cause)
			}
		}
		if named != o.failed {
			say("%d failed runs, %d with a cause", o.failed, named)
		}
		if r.counted && int64(o.failed) != o.spoiled {
			say("%d failed runs, %d by the service's count", o.failed, o.spoiled)
		}
		if o.back > o.limit {
			say("found again after %v of %v", o.back.Round(time.Millisecond), o.limit.Round(time.Millisecond))
		}
		if o.old > 0 {
			say("%d decisions on pictures that were too old", o.old)
		}
		if o.behind > 0 {
			say("%d runs on a picture that was not the newest", o.behind)
		}
		if o.notNewer > 0 {
			say("%d pictures were not newer than the one before", o.notNewer)
		}
	}
	return out
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

// table prints the rows and returns what the program exits with.
func table(out io.Writer, rows []*row) int {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\ttick p50\t\tp99\t\tbeside it\tanswers\tfailed runs\tfound again\tof at most\told decisions")
	code := 0
	var notes []string
	for _, r := range rows {
		failed := map[string]int{}
		var back, limit []time.Duration
		for _, o := range r.with {
			for cause, n := range o.causes {
				failed[cause] += n
			}
			back, limit = append(back, o.back), append(limit, o.limit)
		}
		var words []string
		for _, cause := range slices.Sorted(maps.Keys(failed)) {
			words = append(words, fmt.Sprintf("%d %s", failed[cause], cause))
		}
		if len(words) == 0 {
			words = []string{"none"}
		}
		p50, p99 := at(r.with, 50), at(r.with, 99)
		nearby := func(o *outcome) int { return o.nearby }
		fmt.Fprintf(w, "%s\t%v\t%.2fx\t%v\t%.2fx\t%d of %d\t%d\t%s\t%v\t%v\t%d\n", r.name,
			short(p50), ratio(p50, at(r.base, 50)), short(p99), ratio(p99, at(r.base, 99)),
			sum(r.with, nearby), sum(r.base, nearby), sum(r.with, func(o *outcome) int { return o.good }), strings.Join(words, ", "),
			middle(back).Round(time.Millisecond), middle(limit).Round(time.Millisecond), sum(r.with, func(o *outcome) int { return o.old }))
		if b := r.broken(); len(b) > 0 {
			code = 1
			notes = append(notes, fmt.Sprintf("broken, %s: %s", r.name, strings.Join(b, "; ")))
		}
	}
	if err := w.Flush(); err != nil {
		return 2
	}
	for _, n := range notes {
		fmt.Fprintln(out, n)
	}
	return code
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Nanosecond) }
