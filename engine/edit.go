package engine

import (
	"slices"
	"strings"
	"sync"
	"time"

	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// edit is one swap on its way: the wiring that runs, the one that follows, and what leads from the one to the other. Until it is
// committed the first does not know of it.
type edit struct {
	e        *Engine
	old, new *wiring
	opts     SwapOptions
	nodes    []graph.Node             // of the new graph
	changes  []graph.Change           // as they are carried out
	by       map[string]*graph.Change // by id
	remap    sched.Remap              // from old indexes to new ones
	undoes   *edit                    // whose nodes are taken back where they still are; nil: it is an edit of its own
	core     *sched.Swap              // the same for the core
	evidence *evidence.Change         // and for the recorder
	seats    []*seat                  // by camera
	was      []*camera                // by camera: the old one of its id, nil: none
	trial    *trial                   // nil: none is asked for
	envs     []*node.InstanceEnv      // by instance, of lanes that stay
	sampling map[*encoder]*sampling   // of encoders that stay
	applies  []func()                 // of nodes that are retuned
	outlets  []exchange               // of sinks that stay and lead elsewhere
	queues   map[*sink]int            // other bounds
	made     parts                    // opened for this edit
	gone     parts                    // what the new wiring has not
	undo     []func()                 // what preparing did to the world, to be taken back, last first

	moves []laneMove    // what changes for lanes of the new wiring
	idle  chan struct{} // closed: of lanes that go without a run that is out

	superseded *trial        // of the edit before, which was not over
	since      time.Duration // core time of the commit
	parking    sync.Mutex    // guards gone after the commit

	pause time.Duration
	at    time.Time
	done  bool // by the holder of the turn: it was carried out
}

// parts are things with a life of their own.
type parts struct {
	cams     []*camera
	encoders []*encoder
	lanes    []*lane
	models   []*model
	sinks    []*sink
	outlets  []*outlet
}

// laneMove is what changes for a lane when its wiring begins to run.
type laneMove struct {
	lane  *lane
	index int
	env   *node.InstanceEnv // nil: none or no other than it has
}

// onTrial returns the lanes that are tried out: those that are new, and those whose model has other options.
func (d *edit) onTrial() map[*lane]bool {
	out := map[*lane]bool{}
	for i, l := range d.new.lanes {
		det := "detector/" + d.new.g.Detectors[d.new.g.Instances[i].Detector].ID
		if d.envs[i] == nil || d.tunes(det) {
			out[l] = true
		}
	}
	return out
}

// exchange is an outlet that takes another's place.
type exchange struct {
	sink     *sink
	from, to *outlet
}

// newEdit compares the graph that runs with the one that is to.
func (e *Engine) newEdit(g *graph.Graph, o SwapOptions, undoes *edit) *edit {
	old := e.w.Load()
	d := &edit{
		e: e, old: old, new: newWiring(g, old.generation+1), opts: o, nodes: o.Nodes, undoes: undoes,
		by: map[string]*graph.Change{}, remap: sched.NewRemap(old.g, g), sampling: map[*encoder]*sampling{}, queues: map[*sink]int{},
		seats: make([]*seat, len(g.Cameras)), was: make([]*camera, len(g.Cameras)), envs: make([]*node.InstanceEnv, len(g.Instances)),
	}
	if d.nodes == nil {
		d.nodes = g.Nodes(Facts(g.Dir))
	}
	d.changes = graph.Compare(e.standing(), d.nodes)
	for i := range d.changes {
		d.by[d.changes[i].ID] = &d.changes[i]
	}
	d.insist()
	return d
}

// standing returns the nodes of the graph that runs, as they were when they were opened. Whoever may swap calls it.
func (e *Engine) standing() []graph.Node {
	if e.nodes == nil {
		e.nodes = e.first()
	}
	return e.nodes
}

// firstNodes returns what makes the nodes of a graph as its files were at the first call. Only what it found in files is
// kept: nodes are large, and most runs are never asked for them.
func firstNodes(g *graph.Graph) func() []graph.Node {
	var mu sync.Mutex
	facts := Facts(g.Dir)
	return func() []graph.Node {
		mu.Lock()
		defer mu.Unlock()
		return g.Nodes(facts)
	}
}

// does is what becomes of a node.
func (d *edit) does(id string) graph.Action {
	if c := d.by[id]; c != nil {
		return c.Action
	}
	return graph.Keep
}

// tunes reports whether a node stays and its options are others, or what they point at.
func (d *edit) tunes(id string) bool {
	c := d.by[id]
	return c != nil && c.Action == graph.Retune && slices.ContainsFunc(c.Fields, func(f graph.FieldChange) bool {
		switch name, _, _ := strings.Cut(f.Name, "."); name {
		case "options", "file", "secret": // and what options point at
			return true
		}
		return false
	})
}

// insist replaces what is to be retuned and cannot be: a node whose options would change in place, and that does not know how.
func (d *edit) insist() {
	for i := range d.old.g.Cameras {
		if id := "camera/" + d.old.g.Cameras[i].ID; d.tunes(id) && retuner(d.old.cams[i].src) == nil {
			d.by[id].Action = graph.Replace
		}
	}
	for i := range d.old.g.Sinks {
		if id := "sink/" + d.old.g.Sinks[i].ID; d.tunes(id) && retuner(d.old.sinks[i].out.Load().node) == nil {
			d.by[id].Action = graph.Replace
		}
	}
	for i := range d.old.g.Detectors {
		id := "detector/" + d.old.g.Detectors[i].ID
		if !d.tunes(id) || retuner(d.old.models[i].node) != nil {
			continue
		}
		d.by[id].Action = graph.Replace
		for k := range d.changes {
			if c := &d.changes[k]; strings.HasPrefix(c.ID, id+"@") && c.Action == graph.Retune {
				c.Action = graph.Replace
			}
		}
	}
}

func retuner(v any) node.Retuner {
	r, _ := v.(node.Retuner)
	return r
}

// backwards returns the old index of each of n new ones, or sched.Gone.
func backwards(remap []int, n int) []int {
	out := slices.Repeat([]int{sched.Gone}, n)
	for old, now := range remap {
		if now != sched.Gone {
			out[now] = old
		}
	}
	return out
}

// find returns the first that fits, or the zero value.
func find[T any](list []T, fits func(T) bool) (zero T) {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return list[i]
	}
	return zero
}
