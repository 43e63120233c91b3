package engine

import (
	"runtime"
	"slices"
	"sync/atomic"

	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/isolate"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// wiring is all that runs one graph, by the graph's indexes. It is made whole and never changes afterwards: a swap puts
// another in its place, in the middle of one turn (Engine.w). What both graphs have is in both wirings, so its counters, its
// pictures and its runs go on.
type wiring struct {
	g          *graph.Graph
	generation uint64 // counts the graphs of this run, from 1
	bounds     sched.Options
	slots      int // CPU slots of the pool; the core's are more in lockstep
	cams       []*camera
	lanes      []*lane
	models     []*model // by detector
	machines   []*machine
	sinks      []*sink
	policies   []evidence.Policy
	read       []bool  // by cell: some event reads it
	behind     [][]int // by machine: the detectors behind its condition
	ready      ready   // cameras whose slot has something new
}

// model is what the instances of a detector share.
type model struct {
	id      string
	node    node.Model
	process *isolate.Model // nil: it runs in this process
	moved   atomic.Uint64  // how often its process went away or came back, by turns: odd while it is away
}

// machine is what the shell keeps of an event on a camera.
type machine struct {
	event, camera string // ids; no camera: all of them
	decision      *hist
	changes       counts

	// Owned by the holder of the turn.
	clip   string // the folder of its present clip
	untold bool   // nobody is to hear of its present occurrence
}

// newWiring returns the wiring of a graph with nothing in it that can be opened.
func newWiring(g *graph.Graph, generation uint64) *wiring {
	w := &wiring{
		g: g, generation: generation, cams: make([]*camera, len(g.Cameras)), lanes: make([]*lane, len(g.Instances)),
		models: make([]*model, len(g.Detectors)), machines: make([]*machine, len(g.Machines)), sinks: make([]*sink, len(g.Sinks)),
		read: make([]bool, len(g.Cells)), ready: newReady(len(g.Cameras)), slots: g.Cores,
	}
	if w.slots == 0 {
		w.slots = runtime.NumCPU()
	}
	w.bounds = sched.Options{Slots: w.slots, Reserve: g.Reserve, Blocking: sched.DefaultBlocking}
	if g.Lockstep {
		// Core time stands still while runs last, so how many run at once must not show in the decisions.
		w.bounds.Slots, w.bounds.Reserve = 1, 0
		for i := range g.Instances {
			w.bounds.Slots += g.Instances[i].Threads
		}
	}
	for i := range g.Machines {
		for _, c := range g.Machines[i].Program.Cells() {
			w.read[c] = true
		}
		w.behind = append(w.behind, behind(g, i))
	}
	return w
}

func newMachine(g *graph.Graph, i int, waits *scale) *machine {
	m := &g.Machines[i]
	return &machine{event: g.Events[m.Event].ID, camera: g.CameraID(m.Camera), decision: newHist(waits)}
}

// shared reports whether pictures of a camera are looked at from another process.
func shared(g *graph.Graph, camera int) bool {
	return slices.ContainsFunc(g.Cameras[camera].Instances, func(i int) bool {
		return g.Detectors[g.Instances[i].Detector].Isolate == graph.IsolateProcess
	})
}

// rings returns the bytes of all evidence rings of a graph.
func rings(g *graph.Graph) int64 {
	n := int64(0)
	for i := range g.Cameras {
		n += g.Cameras[i].RingBytes
	}
	return n
}

// encoder returns what makes the camera's samples, nil for none or where it has no seat.
func (s *seat) encoder() *encoder {
	if s == nil {
		return nil
	}
	return s.enc
}

// restarts counts the times that the model's own process was started again.
func (m *model) restarts() uint64 {
	if m == nil || m.process == nil {
		return 0
	}
	return m.process.Restarts()
}

func (m *model) close(e *Engine) {
	if err := m.node.Close(); err != nil {
		e.log.Warn("close a model", "node", "detector/"+m.id, "err", err)
	}
}
