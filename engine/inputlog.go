package engine

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/queue"
	"rvo.dev/engine/sched"
)

// inputQueue is how many inputs may wait for the log's disk: a second of a thousand cameras at 10 pictures a second.
const inputQueue = 16384

// inputLog writes what the core is given. A log with a hole in it replays to something that never was, so when the disk
// does not keep up the log ends, and says so, while the run goes on.
type inputLog struct {
	e    *Engine
	q    *queue.Queue[sched.Input]
	full atomic.Bool
	w    *sched.LogWriter
}

func newInputLog(e *Engine, g *graph.Graph, o sched.Options) (*inputLog, error) {
	if e.cfg.Record == nil {
		return nil, nil //nolint:nilnil // no log is what was asked for
	}
	w, err := sched.NewLogWriter(e.cfg.Record, sched.LogHeader{
		Pipeline: g.Name, Revision: g.Revision, Run: e.run, Slots: o.Slots, Reserve: o.Reserve, Blocking: o.Blocking,
	})
	if err != nil {
		return nil, err
	}
	return &inputLog{e: e, q: queue.New[sched.Input](inputQueue, queue.DropNewest), w: w}, nil
}

// add notes the inputs of a turn; called by the holder of the turn, who never waits for it.
func (l *inputLog) add(ins []sched.Input) {
	if l == nil {
		return
	}
	for i := range ins {
		if l.full.Load() {
			return
		}
		in := ins[i]
		in.Outputs = slices.Clone(in.Outputs) // the detector's next run uses the memory again
		if _, dropped := l.q.Push(in); dropped {
			l.full.Store(true)
			l.q.Close()
			l.e.log.Error("the input log ends here: its disk does not keep up; the run goes on", "bound", inputQueue)
		}
	}
}

// run writes until the queue is closed and empty, or the disk fails.
func (l *inputLog) run() {
	why, failed := "", error(nil)
	for {
		in, ok := l.q.Pop(context.Background()) // ends by Close
		if !ok {
			break
		}
		if failed != nil {
			continue
		}
		if failed = l.w.Write(in); failed != nil {
			l.full.Store(true)
			l.e.log.Error("the input log ends here; the run goes on", "err", failed)
		}
	}
	if l.full.Load() {
		why = fmt.Sprintf("the log's disk did not keep up: more than %d inputs waited", inputQueue)
	}
	if failed == nil {
		failed = l.w.Close(why)
		if failed != nil {
			l.e.log.Error("the input log has no end", "err", failed)
		}
	}
}

// stop ends the log after the last input.
func (l *inputLog) stop() {
	if l != nil {
		l.q.Close()
	}
}
