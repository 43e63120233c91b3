package bench

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/graph"
)

// Design is which scheduler carries a scenario.
type Design string

const (
	// Lanes is RVO: the real engine, with detectors on lanes beside the core.
	Lanes Design = "lanes"
	// Inline is the first RVO's loop, rebuilt for comparison: one thread that drains the camera's channel, runs every
	// detector in turn, updates the events and sleeps for half a millisecond.
	Inline Design = "inline"
)

// Work is how a made-up detector spends its time.
type Work string

const (
	// Wait waits, as for an accelerator or a service: it uses no processor.
	Wait Work = "wait"
	// Burn computes until its thread has used the time, as a model on the processor does.
	Burn Work = "burn"
	// Killed computes, and its process is killed in some runs: it is for a process of its own, as the next two are.
	Killed Work = "killed"
	// Aborted computes, and aborts its process in some runs, as a library does.
	Aborted Work = "aborted"
	// Hoards computes, and takes memory in some runs until there is none.
	Hoards Work = "hoards"
)

// isolatedCost is what a run costs whose way to another process and back is measured.
const isolatedCost = 5 * time.Millisecond

// Load is one made-up detector.
type Load struct {
	ID       string
	Work     Work
	Cost     time.Duration // of each run; 0: returns at once
	FPS      float64       // at most; 1000 is every picture up to that rate
	Floor    float64       // runs a second that no policy goes below; 0: none
	TTL      time.Duration // of its value; 0: valueTTL, with many cameras the default. An event is confirmed whenever it is over
	Isolate  bool          // in a process of its own
	Class    graph.CostClass
	Policy   graph.LoadPolicy
	Priority graph.Priority
}

// Scenario is what is measured: cameras of an exact rate and detectors of an exact cost.
type Scenario struct {
	Name string
	Doc  string
	// Asked is the camera rate that the first RVO's scenario of this name asks for; its camera slept after each picture
	// and gave FPS instead.
	Asked   float64
	FPS     float64 // pictures a second that each camera gives, to the microsecond
	Cameras int
	Loads   []Load

	Width, Height int  // 0: pictures without content, as in the first RVO's harness
	Evidence      bool // clips are kept
	Cores         int  // CPU slots; 0: as many as the machine has
	Reserve       int  // of them for critical detectors alone
	Garbage       int  // MB that goroutines beside the pipeline allocate each second, with twice as much alive
	Seed          bool // one of the first RVO's thirteen
	Lanes         bool // the inline design cannot do it: it has one camera
	Targets       bool // measured for the targets and not listed
	Swaps         bool // the pipeline is edited while it runs
	Watched       bool // by Options.Audience
	Timer         bool // a bare goroutine waits for the same clock beside it
	// Edges is how long a detector says the same before an event begins or ends, which is then the only one: what is measured are
	// ticks that decide nothing rare; 0: edgePeriod.
	Edges time.Duration

	Turns          string        // scenarios with the same word are measured in turns, window by window; "": this one alone
	Warmup, Window time.Duration // at least, whatever Options say: what happens in it takes so long
}

// options are o with the times that the scenario needs at least.
func (s *Scenario) options(o Options) Options {
	o.Warmup, o.Duration = max(o.Warmup, s.Warmup), max(o.Duration, s.Window)
	o.Sample = max(o.Sample, o.Duration/maxSamples)
	return o
}

// designs returns which of the asked designs a scenario has.
func (s *Scenario) designs(asked []Design) []Design {
	if s.Lanes {
		return slices.DeleteFunc(slices.Clone(asked), func(d Design) bool { return d == Inline })
	}
	return asked
}

// cost is the longest run of a detector.
func (s *Scenario) cost() time.Duration {
	d := time.Duration(0)
	for _, l := range s.Loads {
		d = max(d, l.Cost)
	}
	return d
}

// every is a detector that looks at each picture.
func every(work Work, cost time.Duration) Load {
	return Load{ID: "slow", Work: work, Cost: cost, FPS: 1000, Class: graph.CostLow, Policy: graph.LoadBackoff, Priority: graph.Normal}
}

// dummy is the first RVO's detector that does nothing, 30 times a second.
func dummy() Load {
	return Load{ID: "dummy", Work: Burn, FPS: 30, Class: graph.CostLow, Policy: graph.LoadBackoff, Priority: graph.Normal}
}

// Scenarios returns every scenario, the first RVO's thirteen first and in its order.
func Scenarios() []Scenario {
	ms := time.Millisecond
	out := []Scenario{
		{Name: "baseline", Doc: "no detector: the floor of the scheduler", Asked: 30, FPS: 30},
		{Name: "inproc_low", Doc: "one detector that returns at once", Asked: 30, FPS: 30, Loads: []Load{dummy()}, Turns: "shed"},
		{Name: "blocking_1ms", Doc: "a detector that waits 1 ms on every picture", Asked: 30, FPS: 30, Loads: []Load{every(Wait, ms)}},
		{Name: "blocking_3ms", Doc: "a detector that waits 3 ms on every picture", Asked: 30, FPS: 30, Loads: []Load{every(Wait, 3*ms)}},
		{Name: "blocking_10ms", Doc: "a detector that waits 10 ms on every picture", Asked: 30, FPS: 30, Loads: []Load{every(Wait, 10*ms)}},
		{Name: "blocking_50ms", Doc: "a detector that waits 50 ms, longer than the camera's period", Asked: 30, FPS: 30, Loads: []Load{every(Wait, 50*ms)}},
		{Name: "load_shed", Doc: "a detector that returns at once beside one of 50 ms that is made to pause after each run", Asked: 30, FPS: 30, Loads: []Load{
			dummy(), {ID: "slow", Work: Wait, Cost: 50 * ms, FPS: 60, Class: graph.CostHigh, Policy: graph.LoadBackoff, Priority: graph.Normal},
		}, Turns: "shed"},
		{Name: "overload_threshold", Doc: "a 5 ms detector and 120 pictures a second: fits", Asked: 120, FPS: 120, Loads: []Load{every(Wait, 5*ms)}},
		{Name: "overload_moderate", Doc: "a 5 ms detector and 300 pictures a second: does not fit", Asked: 300, FPS: 300, Loads: []Load{every(Wait, 5*ms)}},
		{Name: "overload_severe", Doc: "a 5 ms detector and 577 pictures a second: three times too many", Asked: 600, FPS: 577, Loads: []Load{every(Wait, 5*ms)}},
		{Name: "fps_1000", Doc: "a fast camera and a detector that returns at once", Asked: 1000, FPS: 938, Loads: []Load{dummy()}},
		{Name: "fps_2000", Doc: "a faster camera", Asked: 2000, FPS: 1772, Loads: []Load{dummy()}},
		{Name: "fps_5000", Doc: "a camera faster than the inline design's loop", Asked: 5000, FPS: 3841, Loads: []Load{dummy()}},
	}
	for i := range out {
		out[i].Seed = true
	}
	out = append(out,
		cameras(1), cameras(10), cameras(100), cameras(1000), everyPicture(cameras(1000)),
		Scenario{
			Name: "pixels_1080p", Doc: "1920 x 1080 with content, evidence on, a 10 ms detector that computes", FPS: 30, Width: 1920, Height: 1080, Evidence: true,
			Loads: []Load{{ID: "slow", Work: Burn, Cost: 10 * ms, FPS: 30, Class: graph.CostMedium, Policy: graph.LoadBackoff, Priority: graph.Normal}},
		},
		Scenario{Name: "slower_than_backoff", Doc: "detectors of 150, 400 and 600 ms, each longer than the pause it is to make", FPS: 30, Loads: []Load{
			{ID: "d150", Work: Wait, Cost: 150 * ms, FPS: 30, Class: graph.CostMedium, Policy: graph.LoadBackoff, Priority: graph.Normal},
			{ID: "d400", Work: Wait, Cost: 400 * ms, FPS: 30, Class: graph.CostMedium, Policy: graph.LoadBackoff, Priority: graph.Normal},
			{ID: "d600", Work: Wait, Cost: 600 * ms, FPS: 30, Class: graph.CostHigh, Policy: graph.LoadBackoff, Priority: graph.Normal},
		}},
		Scenario{Name: "burn_two_cores", Doc: "two detectors that compute 10 ms on every picture: two cores are full", FPS: 577, Cores: 2, Loads: burners(2), Timer: true},
		Scenario{Name: "overload_mixed_priorities", Doc: "computing detectors of four priorities that ask for six cores and get two", FPS: 30, Cores: 2, Loads: mixed(), Turns: "mixed"},
		Scenario{Name: "remote_200ms", Doc: "a service that answers after 200 ms, beside a detector that returns at once", FPS: 30, Loads: []Load{
			dummy(), {ID: "remote", Work: Wait, Cost: 200 * ms, FPS: 30, Class: graph.CostHigh, Policy: graph.LoadNone, Priority: graph.Normal},
		}},
		ingest(10_000), ingest(50_000), ingest(100_000),
		Scenario{Name: "gc_pressure", Doc: "100 MB/s of garbage beside the pipeline, 200 MiB alive", FPS: 577, Garbage: 100, Loads: []Load{every(Wait, 5*ms)}},
	)
	out = append(out, targetScenarios()...)
	for i := range out {
		out[i].Cameras = max(out[i].Cameras, 1)
	}
	return out
}

// cameras is many cameras of 30 pictures a second, each with four detectors that return at once, five times a second,
// and four events. Five a second is what a detector gets where there are a thousand cameras; every picture would be
// 120 000 runs a second.
func cameras(n int) Scenario {
	s := Scenario{
		Name: fmt.Sprintf("cameras_%d", n), Doc: fmt.Sprintf("%d cameras of 30 pictures a second, four detectors of 5 runs a second and four events on each, which come every 10 s", n),
		FPS: 30, Cameras: n, Lanes: true,
	}
	for i := range 4 {
		l := dummy()
		l.ID, l.FPS = fmt.Sprintf("d%d", i), 5
		s.Loads = append(s.Loads, l)
	}
	return s
}

// everyPicture is a scenario whose detectors look at every picture.
func everyPicture(s Scenario) Scenario {
	s.Name += "_every"
	s.Doc = fmt.Sprintf("%d cameras whose four detectors each want every picture: %d runs a second", s.Cameras, 30*s.Cameras*len(s.Loads))
	for i := range s.Loads {
		s.Loads[i].FPS = 30
	}
	return s
}

// ingest is a camera that is faster than any real one, and no detector.
func ingest(fps float64) Scenario {
	return Scenario{Name: fmt.Sprintf("ingest_%d", int(fps)), Doc: fmt.Sprintf("%d pictures a second and no detector", int(fps)), FPS: fps}
}

// burners are n detectors that compute 10 ms on every picture.
func burners(n int) []Load {
	var out []Load
	for i := range n {
		l := every(Burn, 10*time.Millisecond)
		l.ID, l.Policy = fmt.Sprintf("burn%d", i), graph.LoadNone
		out = append(out, l)
	}
	return out
}

// mixed asks for six cores at 30 runs a second: 0.3 critical, 1.2 high, 1.5 normal, 3 low. The floors of all take a third of
// one.
func mixed() []Load {
	ms := time.Millisecond
	one := func(id string, cost time.Duration, p graph.Priority, floor float64) Load {
		return Load{ID: id, Work: Burn, Cost: cost, FPS: 30, Floor: floor, Class: graph.CostLow, Policy: graph.LoadNone, Priority: p}
	}
	return []Load{
		one("a_critical", 10*ms, graph.Critical, 0), one("b_high", 20*ms, graph.High, 4), one("c_high", 20*ms, graph.High, 4),
		one("d_normal", 50*ms, graph.Normal, 2), one("e_low", 100*ms, graph.Low, 1),
	}
}

// holWindow is the least window of hol_*: in 4 s there are 2400 ticks beside a detector of 50 ms, of which 80 are ends of a run,
// and the 99th percentile is the 24th longest.
const holWindow = 4 * time.Second

// reserveWindow is the least window in which the critical detector is alone or has a slot of its own: of 240 runs the 95th
// percentile is the twelfth longest.
const reserveWindow = 8 * time.Second

// targetScenarios are what `--targets` measures beside the listed ones: head-of-line blocking at a rate where every
// tick counts, the critical class alone, and a fast camera under a slow detector.
func targetScenarios() []Scenario {
	var out []Scenario
	for _, d := range []time.Duration{0, 1, 3, 10, 50} {
		l := every(Wait, d*time.Millisecond)
		out = append(out, Scenario{Name: fmt.Sprintf("hol_%dms", d), Doc: fmt.Sprintf("577 pictures a second and a detector that waits %d ms on each", d), FPS: 577, Loads: []Load{l}, Edges: time.Second, Turns: "hol", Window: holWindow})
	}
	out = append(out,
		Scenario{Name: "critical_alone", Doc: "the critical detector of overload_mixed_priorities without the others", FPS: 30, Cores: 2, Loads: mixed()[:1], Turns: "mixed", Window: reserveWindow},
		Scenario{Name: "mixed_reserve", Doc: "overload_mixed_priorities with one of the two CPU slots kept for the critical detector", FPS: 30, Cores: 2, Reserve: 1, Loads: mixed(), Lanes: true, Turns: "mixed", Window: reserveWindow},
		Scenario{Name: "load_shed_floor", Doc: "load_shed with a floor of 5 runs a second, which its pauses would not reach", FPS: 30, Lanes: true, Loads: []Load{
			dummy(), {ID: "slow", Work: Wait, Cost: 50 * time.Millisecond, FPS: 60, Floor: 5, Class: graph.CostHigh, Policy: graph.LoadBackoff, Priority: graph.Normal},
		}},
		Scenario{Name: "deadlines", Doc: "30 pictures a second and little to do: holds, cooldowns and times to live come due between pictures", FPS: 30, Lanes: true, Loads: []Load{
			dummy(), {ID: "short", Work: Wait, TTL: 50 * time.Millisecond, FPS: 5, Class: graph.CostLow, Policy: graph.LoadNone, Priority: graph.Normal},
		}},
		Scenario{Name: "fast_slow", Doc: "3841 pictures a second and a detector that waits 50 ms", FPS: 3841, Loads: []Load{every(Wait, 50*time.Millisecond)}},
	)
	out = append(out, swaps()...)
	out = append(out, watchings()...)
	if runtime.GOOS == "linux" { // nowhere else are there processes for detectors
		out = append(out, isolation()...)
	}
	for i := range out {
		out[i].Targets = true
	}
	return out
}

// Find returns the scenario of that name.
func Find(name string) (Scenario, error) {
	all := Scenarios()
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("there is no scenario %q: scenarios are %s", name, strings.Join(names, ", "))
}

// SortLoads orders detectors as a graph does, by id.
func sortLoads(l []Load) []Load {
	out := slices.Clone(l)
	slices.SortFunc(out, func(a, b Load) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
