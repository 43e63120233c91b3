package analysis_test

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// world runs a graph on the real core in virtual time: cameras with a phase and jitter of their own, detectors that see
// what is true at the capture of their picture and take as long as they may.
type world struct {
	r    *rand.Rand
	g    *graph.Graph
	core *sched.Core
	ends tick.Time

	ingest, jitter time.Duration
	cost           []time.Duration // worst, by instance
	vary           bool            // runs are shorter now and then
	flips          []tick.Time     // when what the detectors look for becomes true, then untrue, and so on

	todo    todos
	wake    tick.Time
	buf     []sched.Decision
	cams    []lens
	started map[uint64]tick.Time // job -> capture of its picture

	instances []seen
	machines  [][]event.Transition
}

// lens is a camera: the n-th picture is captured at base + n·period.
type lens struct {
	base    tick.Time
	period  time.Duration
	delay   time.Duration // from capture to arrival, beside the jitter
	stamped bool          // capture is told as delay before the arrival
	n       int
	capture map[uint64]tick.Time
}

// settled is when the first slot of every rate has passed: the law is about what comes after.
const settled = tick.Time(3 * time.Second)

// seen is the worst that was observed of an instance.
type seen struct {
	response, latency, age time.Duration
	newest                 tick.Time // capture of the newest value
	flip                   int       // the flip that is waited for, counted from 0
	runs                   int
}

type todo struct {
	at    tick.Time
	order uint32 // of what happens at one instant: by chance
	do    func()
}

type todos []todo

func (t todos) Len() int { return len(t) }
func (t todos) Less(i, j int) bool {
	return t[i].at < t[j].at || t[i].at == t[j].at && t[i].order < t[j].order
}
func (t todos) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *todos) Push(x any)   { *t = append(*t, x.(todo)) }
func (t *todos) Pop() any {
	s := *t
	x := s[len(s)-1]
	*t = s[:len(s)-1]
	return x
}

func (w *world) plan(at tick.Time, do func()) { heap.Push(&w.todo, todo{at, w.r.Uint32(), do}) }

// run lets the pipeline run until the end.
func (w *world) run() {
	w.wake, w.started = tick.Never, map[uint64]tick.Time{}
	w.instances = make([]seen, len(w.g.Instances))
	w.machines = make([][]event.Transition, len(w.g.Machines))
	w.step(sched.Input{Kind: sched.InputStart, Run: "run"})
	for c := range w.cams {
		w.picture(c)
	}
	for len(w.todo) > 0 {
		next := w.todo[0].at
		if w.wake < next || w.wake == next && w.r.IntN(2) == 0 {
			now := w.wake
			if now > w.ends {
				return
			}
			w.wake = tick.Never
			w.step(sched.Input{Kind: sched.InputDeadline, Now: now})
			continue
		}
		if next > w.ends {
			return
		}
		heap.Pop(&w.todo).(todo).do()
	}
}

// picture plans a camera's next picture.
func (w *world) picture(c int) {
	l := &w.cams[c]
	capture := l.base.Add(time.Duration(l.n) * l.period)
	arrival := capture.Add(l.delay)
	if w.jitter > 0 {
		arrival = arrival.Add(time.Duration(w.r.Int64N(int64(w.jitter) + 1)))
	}
	if l.stamped {
		capture = arrival.Add(-l.delay)
	}
	l.n++
	seq := uint64(l.n)
	w.plan(arrival, func() {
		l.capture[seq] = capture
		w.step(sched.Input{Kind: sched.InputFrame, Now: arrival, Camera: c, Seq: seq, Capture: capture})
		w.picture(c)
	})
}

// step hands an input to the core and carries out what it decides.
func (w *world) step(in sched.Input) {
	w.buf = w.core.Step(in, w.buf[:0])
	for i := range w.buf {
		d := &w.buf[i]
		switch d.Kind {
		case sched.DecisionRun:
			w.start(in.Now, d)
		case sched.DecisionWake:
			w.wake = d.At
		case sched.DecisionDrop:
			delete(w.cams[d.Camera].capture, d.Seq)
		case sched.DecisionEvent:
			w.machines[d.Machine] = append(w.machines[d.Machine], d.Transition)
		case sched.DecisionAbandon, sched.DecisionSignal, sched.DecisionHealth, sched.DecisionSwap:
		}
	}
}

// isTrue says whether what the detectors look for is true.
func (w *world) isTrue(at tick.Time) bool {
	yes := false
	for _, f := range w.flips {
		if at < f {
			break
		}
		yes = !yes
	}
	return yes
}

func (w *world) start(now tick.Time, d *sched.Decision) {
	instance, job := d.Instance, d.Job
	capture := now
	if d.Seq > 0 {
		capture = w.cams[d.Camera].capture[d.Seq]
	}
	took := w.cost[instance]
	if w.vary && w.r.IntN(3) == 0 {
		took = time.Duration(w.r.Int64N(int64(took) + 1))
	}
	value := int64(0)
	if w.isTrue(capture) {
		value = 1
	}
	end := now.Add(took)
	w.plan(end, func() {
		s := &w.instances[instance]
		s.runs++
		if capture > settled {
			s.response = max(s.response, end.Sub(capture))
		}
		if capture > s.newest {
			if s.newest > settled {
				s.age = max(s.age, end.Sub(s.newest))
			}
			s.newest = capture
		}
		for s.flip < len(w.flips) && w.flips[s.flip] < capture {
			if s.flip%2 == 0 && (s.flip+1 == len(w.flips) || capture < w.flips[s.flip+1]) {
				s.latency = max(s.latency, end.Sub(w.flips[s.flip]))
			}
			s.flip++
		}
		w.step(sched.Input{
			Kind: sched.InputFinished, Now: end, Instance: instance, Job: job, Took: tick.Time(took),
			Outputs: []node.Output{{Index: 0, Value: signal.Int(value)}},
		})
	})
}

// confirmed returns the worst time from the beginning of a truth to the machine's confirmation, how often it was found idle
// and confirmed in time, and how often it was idle and the truth ended without a confirmation.
func (w *world) confirmed(machine int) (worst time.Duration, met, missed int) {
	all := w.machines[machine]
	for k := 0; k+1 < len(w.flips); k += 2 {
		from, to := w.flips[k], w.flips[k+1]
		idle, found := true, false
		for _, t := range all {
			if t.At < from {
				idle = t.To == event.Idle
				continue
			}
			if t.Kind == event.KindConfirmed && t.At <= to {
				found = true
				if idle {
					worst = max(worst, t.At.Sub(from))
					met++
				}
				break
			}
		}
		if idle && !found && to <= w.ends {
			missed++
		}
	}
	return worst, met, missed
}
