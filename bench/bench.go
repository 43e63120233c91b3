// Package bench measures RVO under load, and beside it the design it replaced, on the same machine in the same minutes.
//
//	results, err := bench.Run(ctx, scenarios, bench.Options{Runs: 3, Duration: 10 * time.Second, Warmup: 2 * time.Second})
//	report := bench.Report{Results: results, Host: bench.Machine(), At: time.Now()}
//	_, err = report.Write(dir, true)
//
// The cameras and detectors are made up and exact (a clock, a wait, a burn); the engine between them is the real one,
// watched through engine.Config.Observe. The inline design is a loop of this package alone. Latencies start at the
// moment a picture was due, so that what waits is seen. The package never judges by an absolute time what another
// program on the machine may have spoiled: foreign processor time is measured with each window.
//
// Run owns the engine's goroutine of a window, the inline design's two, and one that allocates where a scenario asks
// for it or waits for a clock; it waits for all of them before the next window. docs/benchmarking.md has the method and its limits.
package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"rvo.dev/engine/frame"
)

// Options are how much is measured.
type Options struct {
	Runs     int           // windows of each scenario and design, at least 1
	Duration time.Duration // of a window
	Warmup   time.Duration // before it, not counted
	Sample   time.Duration // interval of the time series
	Retries  int           // further windows where foreign load spoiled one; the quietest is kept
	Pause    time.Duration // between windows
	Designs  []Design      // interleaved in this order; empty: both
	Nice     *int          // how far detectors' threads are lowered, as in engine.Config; nil: as it is usual
	Codec    frame.Codec   // for evidence; nil: the standard library's
	StateDir string        // where clips go; empty: a temporary folder that is removed
	// Audience watches the scenarios that are to be watched; nil: these cannot be measured.
	Audience Audience
	// Progress, when not nil, is told what is measured next and what came of it.
	Progress func(string)
}

// maxSamples is how many intervals a time series has at most.
const maxSamples = 1000

// fill checks the options and sets what was left out.
func (o *Options) fill() error {
	switch {
	case o.Runs < 0 || o.Retries < 0 || o.Pause < 0:
		return fmt.Errorf("runs, retries and pause must not be negative: %d, %d, %v", o.Runs, o.Retries, o.Pause)
	case o.Duration < time.Millisecond:
		return fmt.Errorf("a window of %v: must be at least 1ms", o.Duration)
	case o.Warmup < 0:
		return fmt.Errorf("a warm-up of %v: must not be negative", o.Warmup)
	}
	o.Runs = max(o.Runs, 1)
	if o.Sample <= 0 {
		o.Sample = time.Second
	}
	if least := o.Duration / maxSamples; o.Sample < least {
		return fmt.Errorf("samples of %v in a window of %v: at most %d are kept, so at least %v", o.Sample, o.Duration, maxSamples, least)
	}
	if len(o.Designs) == 0 {
		o.Designs = []Design{Lanes, Inline}
	}
	for _, d := range o.Designs {
		if d != Lanes && d != Inline {
			return fmt.Errorf("there is no design %q: designs are %s and %s", d, Lanes, Inline)
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return nil
}

// Plan returns how many windows the scenarios take, and how long that is when none is repeated.
func (o *Options) Plan(scenarios []Scenario) (windows int, takes time.Duration) {
	designs := o.Designs
	if len(designs) == 0 {
		designs = []Design{Lanes, Inline}
	}
	for i := range scenarios {
		own, n := scenarios[i].options(*o), max(o.Runs, 1)*len(scenarios[i].designs(designs))
		windows, takes = windows+n, takes+time.Duration(n)*(own.Pause+own.Warmup+own.Duration+settle)
	}
	return windows, takes
}

// Run measures the scenarios. The windows of one scenario alternate between the designs, and those of scenarios that are held
// against one another (Scenario.Turns) between these, so that what changes on the machine meanwhile changes all. Results are
// in the order of the scenarios. When ctx ends or a window fails, the results are those of the windows before it.
func Run(ctx context.Context, scenarios []Scenario, o Options) ([]*Result, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if o.StateDir == "" {
		dir, err := os.MkdirTemp("", "rvo-bench-")
		if err != nil {
			return nil, fmt.Errorf("a folder for clips: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }() // clips nobody asked for
		o.StateDir = dir
	}
	of := make([][]*Result, len(scenarios))
	for _, group := range inTurns(scenarios) {
		for run := 1; run <= o.Runs; run++ {
			for _, i := range group {
				own := scenarios[i].options(o)
				for _, d := range scenarios[i].designs(o.Designs) {
					r, err := quietest(ctx, &scenarios[i], d, &own, run)
					if err != nil {
						return slices.Concat(of...), err
					}
					of[i] = append(of[i], r)
				}
			}
		}
	}
	return slices.Concat(of...), nil
}

// inTurns returns the indexes of the scenarios by what is measured in turns, each group where its first one stands.
func inTurns(scenarios []Scenario) [][]int {
	var out [][]int
	at := map[string]int{}
	for i := range scenarios {
		turns := scenarios[i].Turns
		if k, ok := at[turns]; ok && turns != "" {
			out[k] = append(out[k], i)
			continue
		}
		at[turns] = len(out)
		out = append(out, []int{i})
	}
	return out
}

// quietest measures a window, again while others spoil it and retries are left, and returns the one with the least
// foreign load.
func quietest(ctx context.Context, s *Scenario, d Design, o *Options, run int) (*Result, error) {
	var best *Result
	for try := 1; try <= o.Retries+1; try++ {
		runtime.GC() // the last window's garbage is not this one's
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(o.Pause):
		}
		measure := measureLanes
		switch {
		case d == Inline:
			measure = measureInline
		case s.Swaps:
			measure = measureSwaps
		}
		r, err := measure(ctx, s, o, run)
		if err != nil {
			return nil, err
		}
		if best == nil || r.Usage.Foreign < best.Usage.Foreign {
			best = r
		}
		best.Tries = try
		if !best.Noisy() {
			break
		}
	}
	noisy := ""
	if best.Noisy() {
		noisy = fmt.Sprintf(", noisy after %d tries: others used %.0f %% of a core", best.Tries, 100*best.Usage.Foreign)
	}
	if s.Swaps {
		o.Progress(fmt.Sprintf("%-26s %-6s run %d  %d swaps, pause p50 %v p99 %v max %v, made ready in p50 %v p99 %v%s", s.Name, d, run,
			best.pause.count(), short(best.pause.q(50)), short(best.pause.q(99)), short(best.pause.max()), short(best.ready.q(50)), short(best.ready.q(99)), noisy))
		return best, nil
	}
	o.Progress(fmt.Sprintf("%-26s %-6s run %d  tick p50 %v p99 %v  unseen %d of %d%s", s.Name, d, run,
		short(best.tick.q(50)), short(best.tick.q(99)), best.Superseded+best.NotIngested, best.Offered, noisy))
	return best, nil
}
