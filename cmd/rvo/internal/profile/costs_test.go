package profile_test

import (
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/profile"
)

func TestRound(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: 0, 7: 7, 99: 99, 100: 100, 101: 110, 3412 * time.Microsecond: 3500 * time.Microsecond,
		129001 * time.Microsecond: 130 * time.Millisecond, 999 * time.Millisecond: time.Second,
	} {
		if got := profile.Round(d); got != want {
			t.Errorf("%v is rounded to %v, want %v", d, got, want)
		}
	}
}

func TestCUE(t *testing.T) {
	one := profile.Cost{Detector: "people", Threads: 1, Runs: 100, P50: 3100 * time.Microsecond, P95: 3410 * time.Microsecond}
	two := profile.Cost{Detector: "people", Threads: 2, Runs: 120, P50: 2 * time.Millisecond, P95: 2 * time.Millisecond}
	never := profile.Cost{Detector: "people", Threads: 1}
	got := profile.CUE("yard", "on a machine.", []profile.Row{
		{ID: "people", Threads: 1, Costs: []profile.Cost{one, two}},
		{ID: "fast", Threads: 2, Costs: []profile.Cost{one, two}},
		{ID: "given", Threads: 1, Given: 5 * time.Millisecond, Costs: []profile.Cost{one}},
		{ID: "never", Threads: 1, Costs: []profile.Cost{never}},
	})
	want := `// Measured by rvo profile on a machine.
// cost is what one run takes, the 95th percentile; what vet says of rates and delays rests on it.
package yard

detectors: {
	// by threads, 1: p50 3.1ms, p95 3.5ms of 100 runs; 2: p50 2ms, p95 2ms of 120 runs
	"people": cost: "3.5ms"
	// by threads, 1: p50 3.1ms, p95 3.5ms of 100 runs; 2: p50 2ms, p95 2ms of 120 runs
	"fast": cost: "2ms"
	// given: the pipeline says 5ms; by threads, 1: p50 3.1ms, p95 3.5ms of 100 runs
	// never: nothing was measured
}
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
