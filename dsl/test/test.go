// Package test runs the tests of a pipeline: signals are given on a virtual clock to the core that decides on a live run,
// and what comes of them is held against what the tests expect and forbid.
//
//	suite, findings := test.Compile(doc, g)         // findings: tests that cannot be run
//	results, coverage := suite.Run(suite.Tests)
//	err := test.Text{Verbose: true}.Write(os.Stdout, []test.Outcome{{Name: "gate", Results: results}})
//
// No detector runs: their signals are what the steps say. Everything after them is the real thing: times to live,
// conditions, events with their holds and graces, hours of the week, cameras that freeze. Time jumps from one instant at
// which something can happen to the next, so that a test of a month is over at once. The same tests give the same
// results on every machine; the package reads no clock, opens nothing and starts no goroutine.
package test

import (
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Patience is how much longer than its steps a test without a length goes on for something that is expected at no certain
// time. All that follows from a value is over by then, but for cooldowns and holds that should have a time in a test.
const Patience = time.Hour

// Suite is the tests of one pipeline, ready to run. It never changes after Compile.
type Suite struct {
	// Name is the pipeline's.
	Name string
	// Tests are in the order they stand in the source.
	Tests []*Test

	graph *graph.Graph // detectors in it never run
	place func(path string) dsl.Place
}

// Test is one test, resolved: every default filled in, every name an index.
type Test struct {
	Name        string
	Description string
	Place       dsl.Place

	start  int64     // wall time at its begin, Unix nanoseconds
	end    tick.Time // until here it runs
	limit  tick.Time // and until here while something is missing that has no time
	only   bool
	steps  []step
	gives  []give
	states []state
	expect []expectation
	forbid []prohibition
}

// step is a step as people wrote it, for timelines.
type step struct {
	at, to tick.Time
	text   string
	path   string // in the pipeline; looking a place up costs more than running a test, so that waits until it is told
}

// give is a value that a cell is given from at on, every so often until last.
type give struct {
	cell     int
	value    signal.Value
	at, last tick.Time
	every    time.Duration
	path     string // of the value
}

// state is one of a camera's own signals from at on.
type state struct {
	at     tick.Time
	camera int
	which  int // graph.CameraUp and its like
	value  signal.Value
	path   string
}

// expectation is what has to come of one machine.
type expectation struct {
	machine   int
	state     State
	reason    event.Reason // ReasonNone: any
	timed     bool
	at        tick.Time
	tolerance time.Duration
	path      string
}

// prohibition is what must not come of one machine within [from, to).
type prohibition struct {
	machine  int
	state    State
	from, to tick.Time
	path     string
}

// State is what tests expect of an event: a record or a state that it goes to.
type State string

// The states, as the language calls them.
const (
	Idle      State = "idle"
	Potential State = "potential"
	Confirmed State = "confirmed"
	Updated   State = "updated"
	Ended     State = "ended"
	Cooldown  State = "cooldown"
)

// in reports whether a transition is what a state stands for.
func (s State) in(t *event.Transition) bool {
	switch s {
	case Idle:
		return t.To == event.Idle
	case Potential:
		return t.Kind == event.KindPotential
	case Confirmed:
		return t.Kind == event.KindConfirmed
	case Updated:
		return t.Kind == event.KindUpdated
	case Ended:
		return t.Kind == event.KindEnded
	case Cooldown:
		return t.To == event.Cooldown
	}
	return false
}

// Record is something that came of an event in a test.
type Record struct {
	Event, Camera string // no camera in scope pipeline
	Transition    event.Transition
	Leaves        []event.Leaf // of confirmed, updated and ended ones, in a test that failed

	machine int
}

// Result is what came of one test.
type Result struct {
	Test *Test
	// Length is how long it lasted, of its own time.
	Length time.Duration
	// Failures are what came otherwise than it should, in the order of the expectations; none: the test passed.
	Failures []Failure
	// Records are what came of all events, in order.
	Records []Record
	// Timeline is what was given and what came, of the events at fault; only of a test that failed.
	Timeline []Line
}

// Passed reports whether everything came as it should.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Run runs tests of the suite one after the other and returns what came of them, and what all of them together have
// tried.
func (s *Suite) Run(tests []*Test) ([]Result, *Coverage) {
	cov := s.newCoverage()
	results := make([]Result, 0, len(tests))
	for _, t := range tests {
		results = append(results, s.run(t, cov))
	}
	return results, cov
}

// run runs one test, and a second time for its story if it failed: most tests pass, and need none.
func (s *Suite) run(t *Test, cov *Coverage) Result {
	r := newRunner(s, t, cov)
	r.run()
	res := Result{Test: t, Length: time.Duration(max(t.end, r.now)), Records: r.records}
	res.Failures = judge(s, t, r.records, tick.Time(res.Length))
	if len(res.Failures) > 0 {
		again := newRunner(s, t, nil)
		story := again.watch.follow(res.Failures)
		again.run()
		res.Records = again.records
		for i := range res.Failures {
			res.Failures[i].Leaves = story.seen[res.Failures[i].about()]
		}
		res.Timeline = s.timeline(t, &res, story)
	}
	return res
}
