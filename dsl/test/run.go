package test

import (
	"container/heap"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// runner is one test at work: it gives the core what the steps say and jumps from one instant at which something can
// happen to the next.
type runner struct {
	suite   *Suite
	test    *Test
	core    *sched.Core
	now     tick.Time
	wake    tick.Time // when the core wants to be asked again
	queue   queue
	states  []state              // those that are left, in order
	cameras []*sched.CameraState // nil: nothing was said of it
	due     []*give              // scratch

	inputs    []sched.Input
	decisions []sched.Decision
	watch     *watcher
	records   []Record
	judged    int // how many records there were when met was asked last
}

// newRunner returns a runner at the begin of a test. cov learns what it tries; nil for a test that was run before.
func newRunner(s *Suite, t *Test, cov *Coverage) *runner {
	g := s.graph
	r := &runner{
		suite: s, test: t, core: sched.New(g, sched.Options{Slots: 1}), wake: tick.Never, states: t.states,
		cameras: make([]*sched.CameraState, len(g.Cameras)), judged: -1, watch: newWatcher(g, t.start, cov),
	}
	for i := range t.gives {
		r.queue = append(r.queue, entry{t.gives[i].at, &t.gives[i]})
	}
	heap.Init(&r.queue)
	return r
}

// run runs the test to its end, and beyond it as long as something is missing that may come at any time.
func (r *runner) run() {
	r.inputs = append(r.inputs, sched.Input{Kind: sched.InputStart, Run: r.test.Name, Offset: r.test.start})
	r.give()
	for {
		next := min(r.wake, r.nextGive(), r.watch.nextAsk())
		if next == tick.Never || next > r.test.limit || next > r.test.end && r.met() {
			break
		}
		r.now = next
		if r.wake <= next {
			// What is due comes before what is given at the same instant, as in a core that is told later.
			r.inputs = append(r.inputs, sched.Input{Kind: sched.InputDeadline, Now: next})
			r.turn()
		}
		r.give()
		r.watch.ask(r.now)
	}
	r.watch.askRest(r.now)
}

// met reports whether everything that may come at any time has come.
func (r *runner) met() bool {
	if r.judged == len(r.records) {
		return false // nothing new since it was not
	}
	r.judged = len(r.records)
	m := match(r.test, r.records)
	for i, e := range r.test.expect {
		if !e.timed && m[i] < 0 {
			return false
		}
	}
	return true
}

func (r *runner) nextGive() tick.Time {
	next := tick.Never
	if len(r.queue) > 0 {
		next = r.queue[0].at
	}
	if len(r.states) > 0 {
		next = min(next, r.states[0].at)
	}
	return next
}

// give takes what the steps say at this instant, all of it in one turn, and values in one input, so that no condition sees
// some of them without the others. What is given again and again is given once, with the capture time of the last time
// at which it still says the same: the core then knows it for as long. An input has one capture time, so those who go on
// for longer come again.
func (r *runner) give() {
	for ; len(r.states) > 0 && r.states[0].at == r.now; r.states = r.states[1:] {
		s := &r.states[0]
		r.camera(s)
		if len(r.states) == 1 || r.states[1].at > r.now || r.states[1].camera != s.camera {
			r.inputs = append(r.inputs, sched.Input{Kind: sched.InputCamera, Now: r.now, Camera: s.camera, State: *r.cameras[s.camera]})
		}
	}
	r.due = r.due[:0]
	until := tick.Never
	for len(r.queue) > 0 && r.queue[0].at == r.now {
		g := heap.Pop(&r.queue).(entry).give
		r.due = append(r.due, g)
		until = min(until, r.until(g))
	}
	if len(r.due) > 0 {
		outputs := make([]node.Output, 0, len(r.due))
		for _, g := range r.due {
			outputs = append(outputs, node.Output{Index: g.cell, Value: g.value})
			if g.last > until {
				heap.Push(&r.queue, entry{lastBefore(g.at, g.every, until+1) + tick.Time(g.every), g})
			}
		}
		r.inputs = append(r.inputs, sched.Input{Kind: sched.InputExternal, Now: r.now, Capture: until, Outputs: outputs})
	}
	if len(r.inputs) > 0 {
		r.turn()
	}
}

// until returns up to when a value that is given now can be taken as given: as long as it would be fresh throughout.
func (r *runner) until(g *give) tick.Time {
	if g.every > r.suite.graph.Cells[g.cell].TTL {
		return r.now
	}
	return g.last
}

// camera takes what a step says of a camera. Before the first time it is up, not frozen and as fast as was asked for.
func (r *runner) camera(s *state) {
	c := r.cameras[s.camera]
	if c == nil {
		c = &sched.CameraState{Up: true, FPS: r.suite.graph.Cameras[s.camera].FPS}
		r.cameras[s.camera] = c
	}
	switch s.which {
	case graph.CameraUp:
		c.Up = s.value.AsBool()
	case graph.CameraFrozen:
		c.Frozen = s.value.AsBool()
	case graph.CameraFPS:
		c.FPS = s.value.Number()
	}
}

// turn gives the core what has gathered and takes what it says.
func (r *runner) turn() {
	r.decisions = r.core.Turn(r.inputs, r.decisions[:0])
	for i := range r.inputs {
		if in := &r.inputs[i]; in.Kind == sched.InputCamera {
			r.watch.camera(r.core, in.Camera) // it may have made cells stale, which no decision tells
		}
	}
	r.inputs = r.inputs[:0]
	for i := range r.decisions {
		switch d := &r.decisions[i]; d.Kind {
		case sched.DecisionWake:
			r.wake = d.At
		case sched.DecisionSignal:
			r.watch.cell(r.core, d.Cell)
		case sched.DecisionEvent:
			r.record(d)
		case sched.DecisionRun, sched.DecisionAbandon, sched.DecisionDrop, sched.DecisionHealth, sched.DecisionSwap:
			// No detector runs, and the graph stays.
		}
	}
	r.watch.observe(r.now)
}

func (r *runner) record(d *sched.Decision) {
	g := r.suite.graph
	m := &g.Machines[d.Machine]
	rec := Record{Event: g.Events[m.Event].ID, Camera: g.CameraID(m.Camera), Transition: d.Transition, machine: d.Machine}
	if r.watch.story != nil {
		rec.Leaves = d.Leaves
	}
	r.records = append(r.records, rec)
	r.watch.record(m.Event, d.Transition.Kind)
}

// entry is a give that is due at a time.
type entry struct {
	at   tick.Time
	give *give
}

// queue holds the gives that are left, the next first, in an order that depends on nothing but them.
type queue []entry

// Len implements heap.Interface.
func (q queue) Len() int { return len(q) }

// Less implements heap.Interface.
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].give.cell < q[j].give.cell
}

// Swap implements heap.Interface.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(entry)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
