package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// slowModel counts what is opened, closed and run of it, and opens instances when it is let.
type slowModel struct {
	node.Model

	opens, closes, runs atomic.Int64
	opening             chan struct{} // told that an instance is being opened
	open                chan struct{} // nil: at once
}

func (m *slowModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	if m.open != nil {
		m.opening <- struct{}{}
		<-m.open
	}
	m.opens.Add(1)
	return slowInstance{m}, nil
}

type slowInstance struct{ m *slowModel }

func (i slowInstance) Close() error { i.m.closes.Add(1); return nil }

func (i slowInstance) Detect(context.Context, *node.Run) error { i.m.runs.Add(1); return nil }

// slowLane is a lane of such a model, and what starts runs of it.
func slowLane(t *testing.T, m *slowModel) (l *lane, next func() *job) {
	t.Helper()
	e := &Engine{log: slog.New(slog.DiscardHandler)}
	l = &lane{e: e, model: &model{node: m}}
	l.env.Store(&node.InstanceEnv{Camera: "front"})
	id := uint64(0)
	return l, func() *job {
		id++
		j := e.job(l)
		j.id, j.limit = id, time.Second
		j.context(t.Context())
		return j
	}
}

// TestAbandonedBeforeItBegan: a run that was given up while it waited for a thread is not made when it has one, costs no thread
// and no instance, and says why; the job serves the next run as any other does.
func TestAbandonedBeforeItBegan(t *testing.T) {
	m := &slowModel{}
	l, next := slowLane(t, m)
	j := next()
	j.cancel()
	l.abandon(j)
	if gone := j.do(); gone || !errors.Is(j.err, errLate) || j.outcome != sched.OutcomeFailed {
		t.Errorf("thread gone %v, %v, %v", gone, j.outcome, j.err)
	}
	if m.opens.Load()+m.runs.Load() != 0 {
		t.Errorf("%d instances were opened and %d runs made for nobody", m.opens.Load(), m.runs.Load())
	}
	l.e.recycle(j)
	if j = next(); j.do() || j.err != nil || m.runs.Load() != 1 {
		t.Errorf("the next run: %v, %d made", j.err, m.runs.Load())
	}
	if l.abandon(j); j.gone.Load() {
		t.Error("a run that was over is gone")
	}
	l.e.recycle(j)
	if j = next(); j.do() || j.err != nil || m.runs.Load() != 2 {
		t.Errorf("the run after one that was given up too late: %v, %d made", j.err, m.runs.Load())
	}
	if !l.close() || m.opens.Load() != 1 || m.closes.Load() != 1 {
		t.Errorf("%d instances opened, %d closed", m.opens.Load(), m.closes.Load())
	}
}

// TestAbandonedWhileItsInstanceOpens: the thread counts as stuck, the next run has an instance of its own, and the one that came
// too late is closed and not used.
func TestAbandonedWhileItsInstanceOpens(t *testing.T) {
	m := &slowModel{opening: make(chan struct{}), open: make(chan struct{})}
	l, next := slowLane(t, m)
	stuck := next()
	gone := make(chan bool)
	go func() { gone <- stuck.do() }()
	<-m.opening
	stuck.cancel()
	l.abandon(stuck)
	if !stuck.gone.Load() {
		t.Error("a run that hangs while its instance opens has its thread for good")
	}
	fine := next()
	go func() { gone <- fine.do() }()
	<-m.opening
	m.open <- struct{}{}
	m.open <- struct{}{}
	if a, b := <-gone, <-gone; a == b {
		t.Errorf("gone %v and %v, want the stuck one alone", a, b)
	}
	if fine.err != nil || !errors.Is(stuck.err, errLate) || m.runs.Load() != 1 {
		t.Errorf("%v, %v, %d runs", fine.err, stuck.err, m.runs.Load())
	}
	if m.closes.Load() != 1 || !l.close() || m.opens.Load() != 2 || m.closes.Load() != 2 {
		t.Errorf("%d instances opened, %d closed", m.opens.Load(), m.closes.Load())
	}
}
