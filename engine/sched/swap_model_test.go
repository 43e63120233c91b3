package sched_test

import (
	"fmt"
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// model is what events should say of a core that is swapped: everything by its name, every condition evaluated at every input
// and every instant that any asks for. Of the core it is told which runs begin and which are given up, and nothing else.
type model struct {
	s     *sim
	g     *graph.Graph
	cells map[string]*signal.Cell
	kinds map[string]signal.Type
	conds map[string]*cond
	runs  map[uint64]*outing
	shot  map[string]tick.Time // picture -> capture
	last  map[string]tick.Time // instance -> capture of its last result
	wake  tick.Time
	trans map[string][]event.Transition
	fault string

	late, carried int // results that did not count; swaps of machines that were not idle
}

// cond is a machine or a gate.
type cond struct {
	prog   *event.Program
	state  *event.EvalState
	answer event.Answer
	cfg    *event.Config // nil: a gate
	m      event.Machine
}

// outing is a run that is out.
type outing struct {
	name    string // of the instance
	camera  string
	signals []string
	capture tick.Time
	frame   uint64
	dead    bool // its result does not count
	gone    bool // its detector is gone or another
}

func newModel(s *sim) *model {
	n := &model{
		s: s, g: s.first, cells: map[string]*signal.Cell{}, kinds: map[string]signal.Type{}, conds: map[string]*cond{},
		runs: map[uint64]*outing{}, shot: map[string]tick.Time{}, last: map[string]tick.Time{}, wake: tick.Never, trans: map[string][]event.Transition{},
	}
	n.adopt(s.first, 0)
	n.evaluate(0)
	return n
}

func cellName(g *graph.Graph, i int) string {
	return g.CameraID(g.Cells[i].Camera) + "/" + g.Cells[i].Signal
}

func machineName(g *graph.Graph, i int) string {
	return g.Events[g.Machines[i].Event].ID + "@" + g.CameraID(g.Machines[i].Camera)
}

// adopt makes g the graph: the rules of what stays, one by one and by name.
func (n *model) adopt(g *graph.Graph, now tick.Time) {
	n.g = g
	cells, kinds := map[string]*signal.Cell{}, map[string]signal.Type{}
	for i := range g.Cells {
		name, spec := cellName(g, i), &g.Cells[i]
		c := &signal.Cell{TTL: spec.TTL, Since: tick.Never}
		if old, ok := n.cells[name]; ok && n.kinds[name] == spec.Type {
			c = old
			c.Retune(spec.TTL)
		}
		switch {
		case spec.Instance < 0:
			c.Since = tick.Never
		case c.Since == tick.Never:
			c.Since = now
		}
		cells[name], kinds[name] = c, spec.Type
	}
	n.cells, n.kinds = cells, kinds

	conds := map[string]*cond{}
	for i := range g.Machines {
		cfg := g.Events[g.Machines[i].Event].Config
		n.put(conds, "event "+machineName(g, i), &cond{prog: g.Machines[i].Program, cfg: &cfg}, now)
	}
	for i := range g.Instances {
		if p := g.Instances[i].Gate; p != nil {
			n.put(conds, "gate "+g.InstanceName(i), &cond{prog: p}, now)
		}
	}
	n.conds = conds
}

func (n *model) put(conds map[string]*cond, name string, c *cond, now tick.Time) {
	c.state = c.prog.NewState()
	conds[name] = c
	old := n.conds[name]
	if old == nil {
		return
	}
	c.state.Carry(old.state)
	if c.cfg == nil {
		return
	}
	if old.m.State() != event.Idle {
		n.carried++
	}
	id := name[len("event "):]
	n.trans[id] = old.m.Step(old.cfg, old.answer, now, n.trans[id])
	n.trans[id] = c.m.Carry(old.m, c.prog.Key() == old.prog.Key(), now, n.trans[id])
}

// swap lets what is gone end and goes on with another graph.
func (n *model) swap(g *graph.Graph, replaced []int, now tick.Time) {
	there := map[string]bool{}
	for i := range g.Machines {
		there[machineName(g, i)] = true
	}
	for i := range n.g.Machines {
		id := machineName(n.g, i)
		if there[id] {
			continue
		}
		c := n.conds["event "+id]
		n.trans[id] = c.m.Stop(n.why(n.g, i), now, n.trans[id])
	}
	alive := map[string]bool{}
	for i := range g.Instances {
		alive[g.InstanceName(i)] = !slices.Contains(replaced, i)
	}
	for _, r := range n.runs {
		r.gone = r.gone || !alive[r.name]
		r.dead = r.dead || r.gone
	}
	n.adopt(g, now)
}

// why is the reason with which a machine goes, from the pipeline as it is written.
func (n *model) why(g *graph.Graph, machine int) event.Reason {
	m := &g.Machines[machine]
	for _, e := range n.s.spec.Events {
		if e.ID == g.Events[m.Event].ID && !e.Enabled {
			return event.ReasonDisabled
		}
	}
	for _, c := range n.s.spec.Cameras {
		if c.ID == g.CameraID(m.Camera) && !c.Enabled {
			return event.ReasonDisabled
		}
	}
	return event.ReasonRemoved
}

func (n *model) evaluate(at tick.Time) {
	cells := make([]signal.Cell, len(n.g.Cells))
	for i := range cells {
		cells[i] = *n.cells[cellName(n.g, i)]
	}
	n.wake = tick.Never
	for name, c := range n.conds {
		answer, wake := c.prog.Eval(cells, c.state, at)
		c.answer = answer
		if c.cfg != nil {
			id := name[len("event "):]
			n.trans[id] = c.m.Step(c.cfg, answer, at, n.trans[id])
			wake = min(wake, c.m.Wake(c.cfg))
		}
		n.wake = min(n.wake, max(wake, at+1))
	}
}

// hear takes an input and what the core decided.
func (n *model) hear(in sched.Input, ds []sched.Decision) {
	for n.wake <= in.Now {
		n.evaluate(n.wake)
	}
	switch in.Kind {
	case sched.InputFrame:
		n.shot[fmt.Sprint(n.g.CameraID(in.Camera), "#", in.Seq)] = in.Capture
	case sched.InputFinished:
		n.finished(in)
	case sched.InputSwap:
		n.swap(n.s.next, in.Swap.Replaced, in.Now)
	case sched.InputStop:
		for name, c := range n.conds {
			if c.cfg != nil {
				id := name[len("event "):]
				n.trans[id] = c.m.Stop(event.ReasonShutdown, in.Now, n.trans[id])
			}
		}
		n.conds, n.wake = nil, tick.Never
		return
	case sched.InputStart, sched.InputCamera, sched.InputDeadline, sched.InputWall, sched.InputExternal, sched.InputMute, sched.InputAway:
	}
	if n.conds == nil {
		return
	}
	n.evaluate(in.Now)
	swapped := in.Kind != sched.InputSwap
	for _, d := range ds {
		switch d.Kind {
		case sched.DecisionSwap:
			swapped = true
		case sched.DecisionRun:
			if !swapped {
				n.fault = fmt.Sprintf("at %v a run begins in the graph that goes", in.Now)
				return
			}
			n.begin(in.Now, &d)
		case sched.DecisionAbandon:
			n.runs[d.Job].dead = true
		case sched.DecisionDrop, sched.DecisionSignal, sched.DecisionEvent, sched.DecisionHealth, sched.DecisionWake:
		}
	}
}

// begin notes a run, and that it may begin: its gate is open and what it needs is fresh.
func (n *model) begin(now tick.Time, d *sched.Decision) {
	in := &n.g.Instances[d.Instance]
	r := &outing{name: n.g.InstanceName(d.Instance), camera: n.g.CameraID(in.Camera), frame: d.Seq, capture: now}
	switch {
	case in.NoFrame:
	case d.Seq > 0:
		r.capture = n.shot[fmt.Sprint(r.camera, "#", d.Seq)]
	default: // behind one that looks at no picture
		r.capture = n.last[n.g.InstanceName(in.Producers[0])]
	}
	for _, c := range in.Outputs {
		r.signals = append(r.signals, cellName(n.g, c))
	}
	n.runs[d.Job] = r
	if c := n.conds["gate "+r.name]; c != nil && c.answer != event.Yes {
		n.fault = fmt.Sprintf("at %v %s begins while its gate is %v", now, r.name, c.answer)
	}
	for _, c := range in.Needs {
		if !n.cells[cellName(n.g, c)].Fresh(now) {
			n.fault = fmt.Sprintf("at %v %s begins while %s is not fresh", now, r.name, cellName(n.g, c))
		}
	}
}

func (n *model) finished(in sched.Input) {
	r := n.runs[in.Job]
	delete(n.runs, in.Job)
	if r.dead {
		n.late++
		return
	}
	if in.Outcome == sched.OutcomeOK {
		n.last[r.name] = r.capture
		for _, o := range in.Outputs {
			n.cells[r.signals[o.Index]].Set(o.Value, r.capture, in.Now, r.frame)
		}
	}
}
