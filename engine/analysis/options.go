package analysis

import (
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// What is assumed where nobody says better.
const (
	// DefaultOverhead is what the shell adds to a run: hand-over to a slot, wake-up, hand-back. Measured: 12 us in the
	// median and 50 to 256 us at the 99th percentile (engine/DESIGN.md).
	DefaultOverhead = 250 * time.Microsecond
	// DefaultIngest is from a picture's capture until the core has it, for sources that say when they captured: decoding
	// of one picture of 1080p. Pictures without a time of their own are stamped after that.
	DefaultIngest = 5 * time.Millisecond
	// DefaultFPS is the rate of a camera that gives none: what most cameras are set to.
	DefaultFPS = 30
	// DefaultJitter is how far a picture may come after its time, as a part of the camera's period.
	DefaultJitter = 0.1
)

// Options are what the graph does not say: the machine, and what was measured on it.
type Options struct {
	// Slots is how many CPU slots there are, at least 1; 0: the graph's cores, and 1 where it names none.
	Slots int
	// SlotsSource says where Slots comes from.
	SlotsSource Source
	// Blocking is how many runs of blocking detectors may be out at once; 0: sched.DefaultBlocking.
	Blocking int
	// Overhead, Ingest and Jitter are the shell's, see the defaults; nil: those. Jitter is in time, for every camera;
	// nil: DefaultJitter of each camera's period.
	Overhead, Ingest, Jitter *Number
	// Cost returns what one run of an instance takes at worst; nil, and a Value of 0: what the graph says.
	Cost func(instance int) Number
	// Period returns the time between a camera's pictures; nil, and a Value of 0: what the graph says.
	Period func(camera int) Number
}

// complete fills in what was left out.
func (o Options) complete(g *graph.Graph) Options {
	if o.Slots == 0 {
		o.Slots, o.SlotsSource = g.Cores, Given
	}
	if o.Slots < 1 {
		o.Slots, o.SlotsSource = 1, Assumed
	}
	if o.Blocking == 0 {
		o.Blocking = sched.DefaultBlocking
	}
	if o.Overhead == nil {
		o.Overhead = &Number{DefaultOverhead, Assumed}
	}
	if o.Ingest == nil {
		o.Ingest = &Number{DefaultIngest, Assumed}
	}
	return o
}

// cost is what one run of an instance takes at worst, without the shell's overhead. Of a detector that waits for somebody
// else nothing may be known but its timeout; no run lasts longer than that.
func (o *Options) cost(g *graph.Graph, i int) Number {
	if g.Lockstep {
		return Number{0, Given} // media time stands still while a detector runs
	}
	in := &g.Instances[i]
	n := Number{in.Cost, Assumed}
	if d := &g.Detectors[in.Detector]; givenCost(d, g.Cameras[in.Camera].ID) {
		n.Source = Given
	} else if in.Blocking && in.Cost == 0 {
		n.Value = in.Timeout
		if d.DetectorSpec.Timeout > 0 {
			n.Source = Given
		}
	}
	if o.Cost != nil {
		if m := o.Cost(i); m.Value > 0 {
			n = m
		}
	}
	n.Value = min(n.Value, in.Timeout)
	return n
}

// givenCost reports whether the pipeline says what a run costs on a camera.
func givenCost(d *graph.Detector, camera string) bool {
	at, _ := d.At(camera)
	return at.Cost > 0
}

// period is the time between a camera's pictures.
func (o *Options) period(g *graph.Graph, camera int) Number {
	if o.Period != nil {
		if m := o.Period(camera); m.Value > 0 {
			return m
		}
	}
	if fps := g.Cameras[camera].FPS; fps > 0 {
		return Number{time.Duration(float64(time.Second) / fps), Given}
	}
	return Number{time.Second / DefaultFPS, Assumed}
}

// jitter is how far a camera's picture may come after its time.
func (o *Options) jitter(g *graph.Graph, period time.Duration) Number {
	if g.Lockstep {
		return Number{0, Given}
	}
	if o.Jitter != nil {
		return *o.Jitter
	}
	return Number{time.Duration(DefaultJitter * float64(period)), Assumed}
}
