package bench

import (
	"fmt"
	"runtime"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// rig is a core on a virtual clock: one camera of 30 pictures a second, n detectors that look at each and say one
// signal at once, n events whose conditions have eight comparisons on those of two of them.
type rig struct {
	core     *sched.Core
	out      []sched.Decision
	inputs   []sched.Input // of the next turn, filled in where they stand, as the engine does
	values   [][]node.Output
	said     int64 // what the runs say, another value for each picture that crosses nothing which is asked
	now      tick.Time
	seq      uint64
	nextShot tick.Time
	steps    uint64
}

// rigPeriod is the camera's.
const rigPeriod = tick.Time(time.Second / 30)

// newRig returns a rig whose camera and core have been running for a second.
func newRig(n int) (*rig, error) {
	s := Scenario{Name: "rig", FPS: 30, Cameras: 1}
	for i := range n {
		l := dummy()
		l.ID, l.Policy = fmt.Sprintf("d%03d", i), graph.LoadNone
		s.Loads = append(s.Loads, l)
	}
	sp, err := spec(&s)
	if err != nil {
		return nil, err
	}
	sp.Events = nil
	for i := range n {
		e := eventSpec(fmt.Sprintf("e%03d", i), "")
		e.When = &event.Cond{Op: event.OpAll, Path: "when", Of: leaves(n, i)}
		e.Hold = holdFor
		sp.Events = append(sp.Events, e)
	}
	set, err := kinds(newTally(0, 0))
	if err != nil {
		return nil, err
	}
	g, err := graph.Build(sp, set)
	if err != nil {
		return nil, err
	}
	r := &rig{core: sched.New(g, sched.Options{Slots: max(n, 1)}), out: make([]sched.Decision, 0, 256)}
	for range g.Instances {
		r.values = append(r.values, []node.Output{{Index: 0}})
	}
	r.inputs = make([]sched.Input, 0, n)
	r.input(sched.InputStart).Run = "rig"
	r.turn()
	for range 1000 {
		r.millisecond()
	}
	return r, nil
}

// leaves are eight comparisons, four each on the signal of a detector and of its neighbour, each with another value and all
// of which hold: an event that looks at two detectors is evaluated for the results of two.
func leaves(n, first int) []*event.Cond {
	var out []*event.Cond
	for j := range 8 {
		out = append(out, &event.Cond{
			Signal: fmt.Sprintf("d%03d.value", (first+j%2)%n), Path: fmt.Sprintf("when.all[%d]", j),
			Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(int64(-j))}},
		})
	}
	return out
}

// input adds one to the next turn.
func (r *rig) input(kind sched.InputKind) *sched.Input {
	var in *sched.Input
	r.inputs, in = sched.NextInput(r.inputs)
	in.Kind, in.Now = kind, r.now
	return in
}

// turn gives the core what there is, and lets what it starts be over at once.
func (r *rig) turn() {
	r.steps++
	r.out = r.core.Turn(r.inputs, r.out[:0])
	r.inputs = r.inputs[:0]
	for i := range r.out {
		if d := &r.out[i]; d.Kind == sched.DecisionRun {
			v := r.values[d.Instance]
			v[0].Value = signal.Int(r.said)
			in := r.input(sched.InputFinished)
			in.Instance, in.Job, in.Outputs = d.Instance, d.Job, v
		}
	}
}

// frame shows the next picture and ends every run that it starts, in the same moment and in one turn.
func (r *rig) frame() {
	r.seq++
	r.said++
	in := r.input(sched.InputFrame)
	in.Seq, in.Capture = r.seq, r.now
	for len(r.inputs) > 0 {
		r.turn()
	}
}

// millisecond is one tick at 1 kHz: with a picture where one is due, else a look at the time.
func (r *rig) millisecond() {
	r.now += tick.Time(time.Millisecond)
	if r.now >= r.nextShot {
		r.nextShot += rigPeriod
		r.frame()
		return
	}
	r.input(sched.InputDeadline)
	r.turn()
}

// period shows a picture a camera's period after the last: every detector is due and completes.
func (r *rig) period() {
	r.now += rigPeriod
	r.frame()
}

// cost times f and counts its allocations: the least of five rounds, for what is added by others is not f's.
func cost(rounds int, f func()) (ns, allocs float64) {
	for i := range 5 {
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		began := time.Now()
		for range rounds {
			f()
		}
		took := float64(time.Since(began)) / float64(rounds)
		runtime.ReadMemStats(&b)
		n := float64(b.Mallocs-a.Mallocs) / float64(rounds)
		if i == 0 || took < ns {
			ns = took
		}
		if i == 0 || n < allocs {
			allocs = n
		}
	}
	return ns, allocs
}
