package isolate

import (
	"context"
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/node"
)

// tell says whether the process is away, to who asked for it and does not know it yet. The caller holds m.mu.
func (m *Model) tell(away bool) {
	if m.opts.Away == nil || m.mu.away == away {
		return
	}
	m.mu.away = away
	m.opts.Away(away)
}

// isBack is called when a process has opened its model. Who need not wait for it is told when it has opened the instances too:
// these may take as long as the model, and a run that did it would do it in its own time and on its own CPU slot.
func (m *Model) isBack(ctx context.Context, p *process) {
	if m.opts.Away != nil {
		m.rejoin(ctx, p)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p.opened = time.Now()
	if m.mu.proc == p { // else it has ended again
		m.tell(false)
	}
}

// rejoin opens the instances in a process.
func (m *Model) rejoin(ctx context.Context, p *process) {
	limited, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	m.mu.Lock()
	all := slices.Collect(maps.Keys(m.mu.all))
	m.mu.Unlock()
	for _, i := range all {
		c, err := p.join(limited, i.env)
		if err != nil {
			continue // a run tries again, and says why it fails
		}
		l := &link{p, c}
		m.mu.Lock()
		if m.mu.all[i] {
			l = i.spare.Swap(l)
		}
		m.mu.Unlock()
		l.close()
	}
}

// link leads to an instance in a process.
type link struct {
	proc *process
	conn *conn
}

// take returns what a link is made of; nothing for none, and for one whose process has ended, which is closed.
func (l *link) take() (*process, *conn) {
	if l == nil {
		return nil, nil
	}
	if !l.proc.alive() {
		l.conn.close()
		return nil, nil
	}
	return l.proc, l.conn
}

func (l *link) close() {
	if l != nil {
		l.conn.close()
	}
}

// process returns the process for a run.
func (m *Model) process(ctx context.Context) (*process, error) {
	if m.opts.Away != nil {
		return m.present()
	}
	return m.current(ctx)
}

// present returns the process that runs. It does not wait for one.
func (m *Model) present() (*process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.mu.closed:
		return nil, node.ErrClosed
	case m.mu.proc == nil:
		return nil, absentError{later(time.Until(m.mu.next), m.mu.last)}
	case !m.mu.proc.ready.Load() || m.mu.away: // or it opens its instances
		return nil, absentError{errStarting}
	}
	return m.mu.proc, nil
}

// absentError is the error of a run that finds no process and does not wait for one.
type absentError struct{ why error }

// Error implements error.
func (a absentError) Error() string { return a.why.Error() }

// Unwrap returns why there is none.
func (a absentError) Unwrap() error { return a.why }
