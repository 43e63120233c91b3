// Package sched is the core: a state machine that decides which detector starts when on which picture, and what the
// signals mean. Inputs go in, decisions come out, time is an argument.
//
//	core := sched.New(g, sched.Options{Slots: 2})
//	decisions = core.Step(sched.Input{Kind: sched.InputFrame, Now: now, Camera: 0, Seq: 7, Capture: now}, decisions[:0])
//
// The same inputs give the same decisions, on every machine. The core reads no clock, starts no goroutine, takes no
// lock and does no I/O; it belongs to whoever calls Turn, one call at a time. Its tests speak the language described
// in testdata/README.md.
package sched

import (
	"fmt"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Options are the core's bounds.
type Options struct {
	// Slots is how many CPU slots there are, at least 1.
	Slots int
	// Reserve is how many of the slots only critical detectors take; at most Slots - 1 are.
	Reserve int
	// Blocking is how many runs of blocking detectors may wait at once; 0: DefaultBlocking.
	Blocking int
}

// DefaultBlocking bounds the runs that wait for something else than this machine's processor.
const DefaultBlocking = 64

const (
	// BrokenAfter is how many failures in a row break a detector: one lost packet or one odd picture must not, and
	// a dead service should not be asked for long.
	BrokenAfter = 5
	// ProbeFirst is the wait before a broken detector is probed; it doubles up to ProbeMost.
	ProbeFirst = time.Second
	// ProbeMost is the longest wait between two probes.
	ProbeMost = time.Minute
	// MaxLeaked is how many abandoned runs of one detector instance may be out at once.
	MaxLeaked = graph.MaxLeaked
	// Overrun is how many periods a run may take before it counts as one (DESIGN 5).
	Overrun = 2
)

// Backoff returns the pause after an overrun by cost class (DESIGN 5, as in the seed).
func Backoff(c graph.CostClass) time.Duration {
	switch c {
	case graph.CostLow:
		return 0
	case graph.CostMedium:
		return 100 * time.Millisecond
	case graph.CostHigh:
		return 500 * time.Millisecond
	}
	panic(fmt.Sprintf("sched: no cost class %d", c))
}

const yes = event.Yes

// Core is all live state of a pipeline.
type Core struct {
	g       *graph.Graph
	now     tick.Time
	ticks   uint64
	started bool
	stopped bool
	run     string
	offset  int64
	// generation counts the graphs, from 1.
	generation uint64

	cells    []signal.Cell
	bands    bands
	watches  []watch
	readers  [][]int32 // cell -> watches that read it
	input    uint64    // number of the present input, from 1
	dirty    []int32   // watches that were touched since they were evaluated last
	timed    []int32   // watches of events with hours
	machines []int32   // machine -> its watch

	cams           []camera
	lanes          []lane
	retry          []int32 // lanes whose offer is to be judged in this turn
	willing, aside []int32 // scratch of dispatch
	local          ready   // lanes that wait for a CPU slot
	remote         ready   // lanes that wait for a place among the blocking runs
	alarms         heap    // lanes that wait for a time
	job            uint64
	lastBegin      tick.Time     // when a run began last
	begun          time.Duration // how many at that instant, in nanoseconds that order them

	slots, slotsFree int
	reserve          int
	others, long     int // slots of runs that are not critical, and of those that are long
	places, blocking int // for blocking runs: how many, and how many are free
	guard            guard

	running []entry   // lanes whose run is out and not given up, with its timeout: no more than slots and blocking runs
	orphans []orphan  // runs that are out and not given up, whose detector a swap took away
	expires tick.Time // no run that is out is given up before
	wakes   wakes     // watches, by when they are to be evaluated again
	asked   tick.Time // the wake last asked for

	trans []event.Transition // scratch
	Stats Stats
}

// camera is what the core knows of a camera.
type camera struct {
	newest   uint64
	capture  tick.Time
	seen     bool
	frozen   bool
	frozenAt tick.Time     // when it became so
	stillAt  tick.Time     // when it froze or stalled last
	period   time.Duration // between pictures, smoothed; 0: not known yet
	held     []held
	cells    []int32 // what detectors say of it
}

// held is a picture that the shell keeps for the core.
type held struct {
	seq     uint64
	capture tick.Time
	refs    int32
}

// Stats counts what the core did. Frames: Offered is what InputFrame brought. Lanes: an offer ends as a run or as one
// skip, so that for each lane Offers = Runs + the sum of Skips + (1 while one waits).
type Stats struct {
	Frames      []uint64 // by camera
	Lanes       []LaneStats
	Stale       uint64 // results that were older than the cell they were for
	Late        uint64 // results of abandoned runs
	Gone        uint64 // results of runs whose detector a swap took away
	Transitions [event.KindEnded + 1]uint64
}

// LaneStats counts one lane's work.
type LaneStats struct {
	Offers, Runs, OK         uint64
	Took                     time.Duration // of all runs that ended
	Missed                   uint64        // slots of its rate that passed unused
	Failed, Panics, Timeouts uint64
	Skips                    [Causes]uint64
}

// New returns the core of a graph. Nothing happens before InputStart.
func New(g *graph.Graph, o Options) *Core {
	if o.Slots < 1 {
		panic(fmt.Sprintf("sched: %d CPU slots, must be at least 1", o.Slots))
	}
	if o.Blocking == 0 {
		o.Blocking = DefaultBlocking
	}
	c := &Core{
		g: g, slots: o.Slots, slotsFree: o.Slots, reserve: min(max(o.Reserve, 0), o.Slots-1), places: o.Blocking, blocking: o.Blocking,
		cells: make([]signal.Cell, len(g.Cells)), readers: make([][]int32, len(g.Cells)),
		cams: make([]camera, len(g.Cameras)), lanes: make([]lane, len(g.Instances)),
		machines: make([]int32, len(g.Machines)),
		input:    1, asked: tick.Never, expires: tick.Never, generation: 1,
		Stats: Stats{Frames: make([]uint64, len(g.Cameras)), Lanes: make([]LaneStats, len(g.Instances))},
	}
	for i := range c.cells {
		cell := &g.Cells[i]
		c.cells[i] = signal.Cell{TTL: cell.TTL, Since: tick.Never}
		if !cell.Own && cell.Camera != graph.AllCameras {
			cam := &c.cams[cell.Camera]
			cam.cells = append(cam.cells, int32(i))
		}
	}
	for i := range c.cams {
		if fps := g.Cameras[i].FPS; fps > 0 {
			c.cams[i].period = time.Duration(float64(time.Second) / fps)
		}
	}
	for i := range g.Instances {
		c.lanes[i] = newLane(g, i, o.Slots, c.reserve)
		if p := g.Instances[i].Gate; p != nil {
			c.lanes[i].gate = c.watch(watch{prog: p, machine: -1, lane: int32(i)})
		}
	}
	for i := range g.Machines {
		m := &g.Machines[i]
		e := &g.Events[m.Event]
		c.machines[i] = c.watch(watch{prog: m.Program, machine: int32(i), lane: -1, cfg: &e.Config, during: during{schedule: e.Schedule}})
	}
	c.guard = newGuard(c.lanes)
	for _, li := range c.guard.lanes {
		c.learn(int(li))
	}
	c.wakes, c.bands = newWakes(len(c.watches)), newBands(g)
	return c
}

func (c *Core) start(in *Input, out []Decision) []Decision {
	if c.started {
		panic("sched: started twice")
	}
	c.started, c.now, c.run, c.offset = true, in.Now, in.Run, in.Offset
	for i := range c.lanes {
		for _, cell := range c.lanes[i].outputs {
			c.cells[cell].Since = in.Now
		}
		c.enter(i)
	}
	for i := range c.watches {
		c.mark(int32(i))
	}
	return c.conclude(out)
}

// camera takes how a camera does; before the first time that is unknown. What is known of a picture that stands still is
// not known any more: its signals become stale at once, and no detector looks at it until it moves.
func (c *Core) camera(in *Input, out []Decision) []Decision {
	cam := &c.cams[in.Camera]
	s := in.State
	out = c.settle(c.now, out)
	if s.Frozen && !cam.frozen {
		cam.frozenAt = c.now
	}
	if s.Stalled || s.Frozen {
		cam.stillAt = c.now
		for _, i := range cam.cells {
			if cell := &c.cells[i]; cell.Seen() && !cell.Void() {
				cell.Invalidate()
				c.markReaders(int(i))
			}
		}
	}
	cam.frozen = s.Frozen
	out = c.own(in.Camera, graph.CameraUp, signal.Bool(s.Up), out)
	out = c.own(in.Camera, graph.CameraFrozen, signal.Bool(s.Frozen), out)
	return c.own(in.Camera, graph.CameraFPS, signal.Float(s.FPS), out)
}

// own sets one of a camera's own signals, when it changed.
func (c *Core) own(camera, which int, v signal.Value, out []Decision) []Decision {
	i := c.g.Cameras[camera].Own[which]
	if c.cells[i].Value.Equal(v) {
		return out
	}
	out, _ = c.write(i, &v, c.now, 0, out)
	return out
}

func (c *Core) stop(out []Decision) []Decision {
	c.stopped = true
	for i := range c.watches {
		w := &c.watches[i]
		if w.machine < 0 {
			continue
		}
		c.trans = w.m.Stop(event.ReasonShutdown, c.now, c.trans[:0])
		out = c.emit(w, out)
	}
	for i := range c.lanes {
		if c.lanes[i].offer {
			out = c.skip(i, SkipStopping, out)
		}
	}
	for i := range c.cams {
		if cam := &c.cams[i]; cam.seen {
			out = c.unhold(i, cam.newest, out)
			cam.seen = false
		}
	}
	return out
}

// Cell returns the present state of a cell, for the shell's snapshots.
func (c *Core) Cell(i int) signal.Cell { return c.cells[i] }

// Health returns how an instance does.
func (c *Core) Health(instance int) Health { return c.lanes[instance].health }

// Away reports whether an instance is taken to be away.
func (c *Core) Away(instance int) bool { return c.lanes[instance].away }

// Pace returns the learned cost of one run of an instance, smoothed over about eight, 0 before the first, and the period that
// its rate is capped to now.
func (c *Core) Pace(instance int) (cost, period time.Duration) {
	return c.lanes[instance].cost, c.lanes[instance].period
}

// Idle reports whether no run is out.
func (c *Core) Idle() bool { return len(c.running) == 0 && len(c.orphans) == 0 }

// Generation counts the graphs that the core has run, from 1.
func (c *Core) Generation() uint64 { return c.generation }

// Now returns the time of the last input.
func (c *Core) Now() tick.Time { return c.now }

// Ticks returns how many turns were taken since the start.
func (c *Core) Ticks() uint64 { return c.ticks }
