package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histograms go from a nanosecond to a hundred seconds.
const histMost = int64(100 * time.Second)

// hist is a histogram of nanoseconds, written by one goroutine.
type hist struct{ h *hdrhistogram.Histogram }

// newHist returns a histogram with that many digits: 3 for what is published, 2 for the intervals of a time series.
func newHist(digits int) hist { return hist{hdrhistogram.New(1, histMost, digits)} }

// add records a duration; what lies outside the range counts as its nearest end.
func (h hist) add(d time.Duration) {
	_ = h.h.RecordValue(min(max(int64(d), 0), histMost)) // cannot fail inside the range
}

// q returns the value at a percentile, 0 without any values.
func (h hist) q(percent float64) time.Duration { return time.Duration(h.h.ValueAtPercentile(percent)) }

func (h hist) max() time.Duration {
	if h.h.TotalCount() == 0 {
		return 0
	}
	return time.Duration(h.h.Max())
}

func (h hist) count() int64 { return h.h.TotalCount() }

// Result is what one window of a scenario gave.
type Result struct {
	Scenario Scenario
	Design   Design
	Run      int           // from 1
	Tries    int           // windows that were measured to get it: more than 1 when foreign load spoiled some
	Window   time.Duration // that counts

	Ticks, Execs, Events uint64
	// Offered pictures were due in the window; each was taken by the scheduler, superseded by a newer one, or not
	// ingested because no buffer or place was free.
	Offered, Taken, Superseded, NotIngested uint64
	// Skips are pictures that a detector was offered and did not look at, by cause; Abandoned are runs given up; Repeats
	// are runs on a picture that the detector had seen before.
	Skips     map[string]uint64
	Abandoned uint64
	Repeats   uint64

	tick   hist // one turn of the scheduler
	exec   hist // one run of a detector
	stale  hist // age of the newest picture at each tick
	arrive hist // from a picture's intended arrival to the tick that takes it
	begin  hist // to the start of a run on it
	over   hist // to the end of the tick that has its signals, less what the detector took
	// stretch is what the detector took more than it was to cost: a computing one stands still while something else has its
	// core, and its clock goes on.
	stretch hist
	event   hist // to the end of the tick that confirms an event by it
	late    hist // of deadlines: hold, cooldown, longest duration
	pause   hist // for which the core takes no input while the graph is swapped
	ready   hist // to make a swap ready beside the live path
	timer   hist // of a bare goroutine that waits for the cameras' clock, where the scenario has one

	loads  []loadResult
	Usage  Usage
	Sent   Sent // to the audience of a scenario that is watched, warm-up included
	series []point
	now    int // interval that time is in, while it is measured
}

// loadResult is one detector's part.
type loadResult struct {
	Load
	runs     uint64
	over     hist          // to the end of the tick that has its signals, less what the run was to cost
	restarts uint64        // of its process, since the beginning
	pause    time.Duration // least time from the end of a run to the next start, 0 with fewer than two runs
}

func newResult(s *Scenario, d Design, run int, o *Options) *Result {
	r := &Result{
		Scenario: *s, Design: d, Run: run, Tries: 1, Window: o.Duration, Skips: map[string]uint64{},
		tick: newHist(3), exec: newHist(3), stale: newHist(3), arrive: newHist(3), begin: newHist(3), over: newHist(3), stretch: newHist(3), event: newHist(3), late: newHist(3), timer: newHist(3),
		pause: newHist(3), ready: newHist(3),
	}
	for _, l := range sortLoads(s.Loads) {
		r.loads = append(r.loads, loadResult{Load: l, over: newHist(3)})
	}
	r.series = intervals(o.Duration, o.Sample, len(r.loads))
	return r
}

// point returns the interval of the time series that a moment of the window lies in; moments come in order.
func (r *Result) point(at time.Duration) *point {
	for r.now < len(r.series)-1 && at >= r.series[r.now].until {
		r.now++
	}
	return &r.series[r.now]
}

// fps is what the cameras together gave.
func (r *Result) fps() float64 { return float64(r.Offered) / r.Window.Seconds() }

// lost is the first RVO's figure: the camera's rate less the ticks, which it took for the pictures nobody saw.
func (r *Result) lost() float64 {
	return max(0, r.fps()-float64(r.Ticks)/r.Window.Seconds())
}

// unseen is the share of pictures that no tick took.
func (r *Result) unseen() float64 {
	if r.Offered == 0 {
		return 0
	}
	return float64(r.Superseded+r.NotIngested) / float64(r.Offered)
}

// drops is how many pictures were lost at the hand-over from the camera: the channel was full, or, with lanes, a newer
// picture came before the core had taken the last.
func (r *Result) drops() uint64 {
	if r.Design == Lanes {
		return r.Superseded + r.NotIngested
	}
	return r.NotIngested
}

func (r *Result) skips() uint64 {
	n := uint64(0)
	for _, k := range r.Skips {
		n += k
	}
	return n
}

// runs is how often a second a detector ran.
func (r *Result) runs(id string) float64 {
	for i := range r.loads {
		if r.loads[i].ID == id {
			return float64(r.loads[i].runs) / r.Window.Seconds()
		}
	}
	return 0
}

// restart notes how often a detector's process was started again.
func (r *Result) restart(id string, n uint64) {
	for i := range r.loads {
		if r.loads[i].ID == id {
			r.loads[i].restarts = n
		}
	}
}

// Noisy reports whether other programs used more than NoisyAt of a core.
func (r *Result) Noisy() bool { return r.Usage.Foreign > NoisyAt }

// point is one interval of the time series.
type point struct {
	until                       time.Duration
	ticks, execs, skips, events uint64
	drops                       uint64 // at the hand-over from camera to scheduler
	unseen                      uint64 // that no tick saw
	tick, exec, stale           hist
	depth                       uint64 // pictures that had come since the last one was taken, at the last one taken
	loads                       []uint64
}

func newPoint(until time.Duration, loads int) point {
	return point{until: until, tick: newHist(2), exec: newHist(2), stale: newHist(2), loads: make([]uint64, loads)}
}

// intervals returns the empty points of a time series; the last one may be shorter.
func intervals(window, sample time.Duration, loads int) []point {
	var out []point
	for at := sample; at < window+sample; at += sample {
		out = append(out, newPoint(min(at, window), loads))
	}
	return out
}
