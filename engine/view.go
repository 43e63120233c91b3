package engine

import (
	"time"

	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// View is what the engine is at one moment, for those who show it: everything by the indexes of Graph. It is a copy.
type View struct {
	Status
	Graph *graph.Graph
	Now   tick.Time
	Wall  time.Time // at Now, by the offset that the core knows
	Ticks uint64

	Memory, MemoryLimit int64 // bytes that pictures have claimed, and may; limit 0: none

	Cams     []CameraView
	Lanes    []LaneView          // by instance
	Cells    []signal.Cell       // by cell
	Machines []sched.MachineLook // by machine
	Queues   []QueueView
	Outputs  []SinkView
	Policies []evidence.PolicyStatus
}

// At returns the wall clock's time at a point of core time.
func (v *View) At(t tick.Time) time.Time { return v.Wall.Add(t.Sub(v.Now)) }

// CameraView is what a camera's status leaves out.
type CameraView struct {
	Superseded, NoBuffer, Corrupt uint64
	Stalls                        uint64
	Captured                      tick.Time // of the newest picture, negative before the first
	Buffers, BuffersCapacity      int
	RingBytes, RingCapacity       int64
}

// LaneView is how a detector does on a camera.
type LaneView struct {
	sched.LaneStats
	Doing  sched.Explanation
	Cost   time.Duration // learned
	Period time.Duration // that its rate is capped to now
}

// SinkView is what a sink's status leaves out.
type SinkView struct{ Retried uint64 }

// QueueView is a hand-over with a bound.
type QueueView struct {
	Name            string
	Depth, Capacity int
	Policy          string
	Dropped         uint64
}

// Doing says in words what an instance does: running, waiting, told, or hindered and by what.
func (v *View) Doing(instance int) string {
	switch x := &v.Lanes[instance].Doing; {
	case v.Graph.Instances[instance].External:
		return "told"
	case x.Running:
		return "running"
	case x.Hindered:
		return "hindered " + x.Cause.String()
	}
	return "waiting"
}
