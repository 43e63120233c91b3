package engine

import "rvo.dev/engine/sched"

// strayed notes that a detector's process went away, or need not be waited for any more, and has the core told. Anybody may call
// it, of any priority; for one model it is called by turns for the one and the other.
func (e *Engine) strayed(m *model) {
	m.moved.Add(1)
	e.moved.Store(true)
	e.tell()
}

// tellAway tells the core of every instance in a process of its own that it does not see as it is. The holder of the turn calls it,
// after a process strayed and when another wiring runs: what had no place in one may have strayed meanwhile.
func (e *Engine) tellAway(w *wiring) {
	for i, l := range w.lanes {
		if l.model == nil || l.model.process == nil {
			continue
		}
		moved := l.model.moved.Load()
		away := moved%2 == 1
		if moved == l.moved && away == e.core.Away(i) {
			continue
		}
		l.moved = moved
		in := e.input(sched.InputAway)
		in.Instance, in.Away = i, away
	}
}
