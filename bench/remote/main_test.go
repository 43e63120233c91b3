package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rvo.dev/nodes/detect/remote"
)

func TestMain(m *testing.M) {
	remote.Quiet(func(string) string { return "" })
	goleak.VerifyTestMain(m)
}

// TestFaults: what does not depend on a machine's speed holds for every fault: failed runs are counted for what they are, the
// service is found again by the next probe, nothing rests on an old picture.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for probes")
	}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			o, err := window(t.Context(), &f, 500*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if f.causes != nil && f.mode != resets && len(o.causes) == 0 {
				t.Error("no run failed: there was no fault")
			}
			r := &row{fault: f, with: []*outcome{o}}
			for _, b := range r.broken() {
				// Times are of a machine that may do other things; so is who wins when an answer comes at its deadline.
				if !strings.HasPrefix(b, "tick ") && !strings.HasPrefix(b, "found again") {
					t.Error(b)
				}
			}
			t.Logf("%v; found again after %v of %v", o.causes, o.back.Round(time.Millisecond), o.limit)
		})
	}
}

// TestTable: a promise that is broken is named, and is what the program's exit says.
func TestTable(t *testing.T) {
	ticks := func(slow time.Duration) []time.Duration {
		var out []time.Duration
		for i := range 100 {
			d := time.Microsecond
			if i >= 98 {
				d = slow
			}
			out = append(out, d)
		}
		return out
	}
	base := &outcome{seen: seen{ticks: ticks(10 * time.Microsecond)}}
	fine := &outcome{seen: seen{ticks: ticks(19 * time.Microsecond), good: 5, failed: 1}, causes: map[string]int{"server/error": 1}, spoiled: 1, limit: time.Second}
	slow := &outcome{seen: seen{ticks: ticks(21 * time.Microsecond)}}
	lost := &outcome{seen: seen{ticks: ticks(time.Microsecond), failed: 2, old: 1}, causes: map[string]int{"server/error": 1}, back: 2, limit: 1}
	f := fault{name: "errors", causes: []string{"server/error"}, counted: true}
	for _, c := range []struct {
		with *outcome
		code int
		want []string
	}{
		{fine, 0, []string{"1.90x", "1 server/error"}},
		{slow, 1, []string{"broken, errors: tick p99 2.10x"}},
		{lost, 1, []string{"2 failed runs, 1 with a cause", "2 failed runs, 0 by the service's count", "found again", "1 decisions on pictures that were too old"}},
	} {
		var out bytes.Buffer
		if code := table(&out, []*row{{fault: f, base: []*outcome{base}, with: []*outcome{c.with}}}); code != c.code {
			t.Errorf("exit %d, want %d", code, c.code)
		}
		for _, w := range c.want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("the table has no %q:\n%s", w, out.String())
			}
		}
	}
}

func TestRefusesFlags(t *testing.T) {
	for _, args := range [][]string{{"-window", "1ms"}, {"-runs", "0"}, {"-none"}} {
		var errs bytes.Buffer
		if code := run(t.Context(), args, &errs, &errs); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
