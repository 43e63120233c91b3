package engine

import (
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// Tracer is told of everything that happens to a picture, for traces. Turn and Failed are called by who runs the core, which waits
// for them: they must neither block nor keep inputs or decisions after they return, and their calls never overlap. Clip is called
// by whoever writes clips.
type Tracer interface {
	// Failed says why a run did not end well; the Turn with its end follows.
	Failed(job uint64, err error)
	// Turn is a turn of the core: what it was given, by the indexes of g, and what it decided, by those of g and after a
	// sched.DecisionSwap by those of next, which is nil in turns without one.
	Turn(g, next *graph.Graph, ins []sched.Input, decided []sched.Decision)
	// Clip says what became of a clip.
	Clip(r *evidence.Result)
}

// traced tells the tracer of the present turn, before any of it is carried out.
func (e *Engine) traced() {
	var next *graph.Graph
	if e.edit != nil {
		next = e.edit.new.g
	}
	e.cfg.Tracer.Turn(e.w.Load().g, next, e.inputs, e.decisions)
}
