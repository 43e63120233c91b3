package engine

import (
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/queue"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// inspect calls f while nobody calls the core: between two ticks, or where it does not run. It may be called from any
// goroutine.
func (e *Engine) inspect(f func()) {
	e.starting.Lock()
	if p := phase(e.state.Load()); p == phaseNew || p == phaseOpening {
		defer e.starting.Unlock()
		f()
		return
	}
	e.starting.Unlock()
	if e.do(f) {
		return
	}
	e.starting.Lock() // after the end: one reader at a time, for nobody else is left
	defer e.starting.Unlock()
	f()
}

// How much of the core's state is copied while it stops: 50 us of work at most.
const (
	lanesAPart  = 64
	cellsAPart  = 512
	eventsAPart = 256
)

func newSnapshot(w *wiring) snapshot {
	lanes := len(w.g.Instances)
	return snapshot{
		w: w, health: make([]sched.Health, lanes), cost: make([]time.Duration, lanes), period: make([]time.Duration, lanes),
		doing: make([]sched.Explanation, lanes), cells: make([]signal.Cell, len(w.g.Cells)), events: make([]sched.MachineLook, len(w.g.Machines)),
		stats: sched.Stats{Frames: make([]uint64, len(w.g.Cameras)), Lanes: make([]sched.LaneStats, lanes)},
	}
}

// copyPart copies one part of the core's state, and reports whether there are more. Nobody calls the core meanwhile.
func (e *Engine) copyPart(s *snapshot, part int) (more bool) {
	s.now, s.offset, s.ticks = e.now(), e.offset.Load(), e.core.Ticks()
	if part == 0 {
		lanes, frames := s.stats.Lanes, s.stats.Frames
		s.stats = e.core.Stats
		s.stats.Lanes, s.stats.Frames = lanes, frames
		copy(frames, e.core.Stats.Frames)
	}
	for i := part * lanesAPart; i < min((part+1)*lanesAPart, len(s.doing)); i++ {
		s.health[i], s.doing[i], s.stats.Lanes[i] = e.core.Health(i), e.core.Doing(i), e.core.Stats.Lanes[i]
		s.cost[i], s.period[i] = e.core.Pace(i)
	}
	for i := part * cellsAPart; i < min((part+1)*cellsAPart, len(s.cells)); i++ {
		s.cells[i] = e.core.Cell(i)
	}
	for i := part * eventsAPart; i < min((part+1)*eventsAPart, len(s.events)); i++ {
		s.events[i] = e.core.Machine(i)
	}
	return (part+1)*lanesAPart < len(s.doing) || (part+1)*cellsAPart < len(s.cells) || (part+1)*eventsAPart < len(s.events)
}

// copyCore copies the core's state. Nobody calls the core meanwhile.
func (e *Engine) copyCore() snapshot {
	s := newSnapshot(e.w.Load())
	for part := 0; e.copyPart(&s, part); part++ {
	}
	return s
}

// look is copyCore from any goroutine: part by part, so that with a thousand cameras no input waits for it for milliseconds. All
// parts are of one graph, and what is said of one detector, signal or event is of one moment.
func (e *Engine) look() snapshot {
	for {
		s := newSnapshot(e.w.Load())
		same, more := true, true
		for part := 0; same && more; part++ {
			e.inspect(func() {
				if same = e.w.Load() == s.w; same {
					more = e.copyPart(&s, part)
				}
			})
		}
		if same {
			return s
		}
	}
}

// View returns what the engine is now. The core goroutine makes copies of what it owns, between ticks; what they mean is told by
// the caller's goroutine. It may be called from any goroutine, before, during and after Run.
func (e *Engine) View() View {
	snap := e.look()
	v := View{
		Status: e.status(&snap), Graph: snap.w.g, Now: snap.now, Wall: time.Unix(0, snap.offset+int64(snap.now)).UTC(), Ticks: snap.ticks,
		Memory: e.memory.use(), MemoryLimit: e.memory.bound(), Cells: snap.cells, Machines: snap.events, Policies: e.evidence.rec.Status(),
	}
	if snap.offset == 0 {
		v.Wall = e.cfg.Wall().UTC() // it has not begun
	}
	for i := range snap.doing {
		v.Lanes = append(v.Lanes, LaneView{LaneStats: snap.stats.Lanes[i], Doing: snap.doing[i], Cost: snap.cost[i], Period: snap.period[i]})
	}
	e.viewCameras(&v, snap.w)
	e.viewOutputs(&v, snap.w)
	return v
}

func (e *Engine) viewCameras(v *View, w *wiring) {
	rings := e.evidence.rec.Rings()
	for i, c := range w.cams {
		pool := c.pool.Stats()
		v.Cams = append(v.Cams, CameraView{
			Superseded: c.counts.superseded.Load(), NoBuffer: c.counts.noBuffer.Load(), Corrupt: c.counts.corrupt.Load(), Stalls: c.counts.stalls.Load(),
			Captured: tick.Time(c.last.Load()), Buffers: pool.Held, BuffersCapacity: pool.Bound,
			RingBytes: rings[c.id].Bytes, RingCapacity: w.g.Cameras[i].RingBytes,
		})
		waits := 0
		if c.slot.Load() != nil {
			waits = 1
		}
		v.Queues = append(v.Queues, QueueView{"frame/" + c.id, waits, 1, newestWins, c.counts.superseded.Load()})
		if s := c.seat.Load(); s != nil && s.enc != nil {
			v.Queues = append(v.Queues, viewQueue("encoder/"+c.id, s.enc.q))
		}
	}
}

func (e *Engine) viewOutputs(v *View, w *wiring) {
	for i, s := range e.openSinks(w) {
		v.Outputs = append(v.Outputs, SinkView{Retried: s.retried.Load()})
		v.Queues = append(v.Queues, viewQueue("sink/"+w.g.Sinks[i].ID, s.q))
	}
	if e.feed != nil {
		v.Queues = append(v.Queues, viewQueue("feed", e.feed.q))
	}
	if e.recording != nil {
		v.Queues = append(v.Queues, viewQueue("inputs", e.recording.q))
	}
	v.Queues = append(v.Queues,
		viewQueue("log", e.logs.q),
		QueueView{"frames", w.ready.len(), len(w.cams), cannotFill, 0},
		QueueView{"jobs", len(e.pool.jobs), cap(e.pool.jobs), notStarted, 0},
		QueueView{"plain", len(e.pool.plain), cap(e.pool.plain), notStarted, 0},
	)
}

// The policies of hand-overs that are no queue.Queue, as queue.Policy has names for those that are.
const (
	newestWins = "newest_wins" // one place, in which the newest value is
	notStarted = "not_started" // what would not fit is not begun
	cannotFill = "cannot_fill" // each value has its place
)

func viewQueue[T any](name string, q *queue.Queue[T]) QueueView {
	return QueueView{name, q.Len(), q.Cap(), q.Policy().String(), q.Dropped()}
}

// Reasoning is why events are where they are, at one moment.
type Reasoning struct {
	Graph    *graph.Graph
	Now      tick.Time
	Wall     time.Time // at Now
	Cells    []signal.Cell
	Machines []Reasoned
	More     bool // there are others than these
}

// Reasoned is what the condition of one event says on a camera.
type Reasoned struct {
	Machine int // in the graph
	sched.MachineLook
	Leaves  []event.Leaf   // in the order written
	Answers []event.Answer // of all parts, in the order of event.Cond.Walk
}

// Reason explains events: of an id, of a camera, or with both empty all, and no more than most of them. The core goroutine
// makes copies; what they say is found out by the caller's.
func (e *Engine) Reason(event, camera string, most int) Reasoning {
	var r Reasoning
	var states []remembered
	var offset int64
	e.inspect(func() {
		g := e.w.Load().g
		r.Graph, r.Now, offset = g, e.now(), e.offset.Load()
		for i := range g.Machines {
			m := &g.Machines[i]
			if event != "" && g.Events[m.Event].ID != event || camera != "" && g.CameraID(m.Camera) != camera {
				continue
			}
			if len(states) == most {
				r.More = true
				break
			}
			states = append(states, remembered{e.core.Remembered(i), m.Program})
			r.Machines = append(r.Machines, Reasoned{Machine: i, MachineLook: e.core.Machine(i)})
		}
		r.Cells = make([]signal.Cell, len(g.Cells))
		for i := range r.Cells {
			r.Cells[i] = e.core.Cell(i)
		}
	})
	r.Wall = time.Unix(0, offset+int64(r.Now)).UTC()
	for i, s := range states {
		m := &r.Machines[i]
		m.Leaves, m.Answers = s.prog.ExplainTree(r.Cells, s.state, r.Now)
	}
	return r
}

// remembered is what it takes to explain a condition elsewhere.
type remembered struct {
	state *event.EvalState
	prog  *event.Program
}

// Found is boxes that a detector found on a camera.
type Found struct {
	Signal  string
	Capture tick.Time
	Frame   uint64
	Boxes   []signal.Box
}

// Found returns what detectors found on a camera and what is not stale.
func (e *Engine) Found(camera string) []Found {
	var out []Found
	e.inspect(func() {
		g := e.w.Load().g
		ci := g.CameraIndex(camera)
		if ci < 0 {
			return
		}
		now := e.now()
		for _, in := range g.Cameras[ci].Instances {
			for _, i := range g.Instances[in].Outputs {
				if g.Cells[i].Type != signal.TypeBoxes {
					continue
				}
				if c := e.core.Cell(i); c.Fresh(now) {
					out = append(out, Found{g.Cells[i].Signal, c.Capture, c.Frame, c.Value.AsBoxes()})
				}
			}
		}
	})
	return out
}
