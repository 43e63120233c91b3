package test

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// watcher evaluates the conditions of all events beside the core, at every instant at which the core looks: the core says
// what decided a record, and here what every leaf says at all times is of interest.
type watcher struct {
	g       *graph.Graph
	offset  int64
	cells   []signal.Cell
	readers [][]int // cell -> machines
	states  []*event.EvalState
	wakes   []tick.Time
	answers []event.Answer
	begun   bool
	marked  []bool
	cov     *Coverage // nil: nothing is counted
	story   *story    // nil: nothing is told
	asks    []about   // that are left, in order
}

// about is a condition at an instant.
type about struct {
	machine int
	at      tick.Time
}

// story is what a test that failed is told from.
type story struct {
	seen    map[about][]event.Leaf
	changes []change
}

// change is what a condition says from an instant on.
type change struct {
	about
	answer event.Answer
	closed bool // it is outside of the event's hours
}

func newWatcher(g *graph.Graph, offset int64, cov *Coverage) *watcher {
	w := &watcher{
		g: g, offset: offset, cov: cov, cells: make([]signal.Cell, len(g.Cells)), readers: make([][]int, len(g.Cells)),
		states: make([]*event.EvalState, len(g.Machines)), wakes: make([]tick.Time, len(g.Machines)),
		answers: make([]event.Answer, len(g.Machines)), marked: make([]bool, len(g.Machines)),
	}
	for i := range g.Machines {
		w.states[i], w.marked[i] = g.Machines[i].Program.NewState(), true
		for _, cell := range g.Machines[i].Program.Cells() {
			w.readers[cell] = append(w.readers[cell], i)
		}
	}
	return w
}

// follow has the watcher remember what the conditions of failures say.
func (w *watcher) follow(failures []Failure) *story {
	w.story = &story{seen: map[about][]event.Leaf{}}
	asks := map[about]bool{}
	for i := range failures {
		asks[failures[i].about()] = true
	}
	w.asks = slices.SortedFunc(maps.Keys(asks), func(a, b about) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.machine, b.machine))
	})
	return w.story
}

// cell takes a cell over from the core.
func (w *watcher) cell(core *sched.Core, i int) {
	w.cells[i] = core.Cell(i)
	for _, m := range w.readers[i] {
		w.marked[m] = true
	}
}

// camera takes all cells of a camera over.
func (w *watcher) camera(core *sched.Core, camera int) {
	for i := range w.g.Cells {
		if w.g.Cells[i].Camera == camera {
			w.cell(core, i)
		}
	}
}

// record counts what came of an event.
func (w *watcher) record(ev int, kind event.TransitionKind) {
	if w.cov != nil {
		w.cov.record(ev, kind)
	}
}

// observe evaluates the conditions of which a cell changed or whose time has come.
func (w *watcher) observe(now tick.Time) {
	for i := range w.marked {
		if !w.marked[i] && w.wakes[i] > now {
			continue
		}
		w.marked[i] = false
		m := &w.g.Machines[i]
		var answer event.Answer
		answer, w.wakes[i] = m.Program.Eval(w.cells, w.states[i], now)
		closed := false
		if hours := w.g.Events[m.Event].Schedule; hours != nil {
			open, next := hours.At(int64(now) + w.offset)
			closed = !open
			if next != math.MaxInt64 {
				w.wakes[i] = min(w.wakes[i], tick.Time(next-w.offset))
			}
		}
		w.wakes[i] = max(w.wakes[i], now+1)
		if w.cov != nil {
			w.cov.leaves(m.Event, m.Program.Explain(w.cells, w.states[i], now))
		}
		if closed {
			answer = event.No
		}
		if w.story != nil && (!w.begun || answer != w.answers[i]) {
			w.story.changes = append(w.story.changes, change{about{i, now}, answer, closed})
		}
		w.answers[i] = answer
	}
	w.begun = true
}

// nextAsk returns when the next condition is asked for the story.
func (w *watcher) nextAsk() tick.Time {
	if len(w.asks) == 0 {
		return tick.Never
	}
	return w.asks[0].at
}

// ask tells the story what the conditions say that are asked for at this instant.
func (w *watcher) ask(now tick.Time) {
	for ; len(w.asks) > 0 && w.asks[0].at <= now; w.asks = w.asks[1:] {
		a := w.asks[0]
		w.story.seen[a] = w.g.Machines[a.machine].Program.Explain(w.cells, w.states[a.machine], max(now, a.at))
	}
}

// askRest is ask at the end of the test, for what comes after the last instant at which something happened.
func (w *watcher) askRest(now tick.Time) {
	if n := len(w.asks); n > 0 {
		w.ask(max(now, w.asks[n-1].at))
	}
}
