package isolate

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/engine/node"
)

// hearer keeps what Away was told.
type hearer struct {
	mu   sync.Mutex
	told []bool
	news chan struct{}
}

func (h *hearer) away(away bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, away)
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// hears waits until it was told so much and returns it.
func (h *hearer) hears(t *testing.T, n int) []bool {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		h.mu.Lock()
		told := slices.Clone(h.told)
		h.mu.Unlock()
		if len(told) >= n {
			return told
		}
		select {
		case <-h.news:
		case <-late:
			t.Fatalf("told %v, want %d words", told, n)
		}
	}
}

// heard opens a model that tells whether it is away.
func heard(t *testing.T, r *rig, options string) (*Model, *hearer) {
	t.Helper()
	r.env.StateDir = t.TempDir()
	h := &hearer{news: make(chan struct{}, 1)}
	k := trial()
	m, err := Open(context.Background(), &k, r.env, json.RawMessage(options), Options{Away: h.away})
	if err != nil {
		t.Fatal(err)
	}
	return m, h
}

// die kills the present process.
func die(m *Model) {
	m.mu.Lock()
	p := m.mu.proc
	m.mu.Unlock()
	p.kill()
	<-p.gone
}

// TestAway: who is told that the process is away need not wait for it: a run that comes all the same, and an instance that is
// opened, do not either. In a second death soon after, the process is away only while its model opens.
func TestAway(t *testing.T) {
	r := newRig(t)
	m, h := heard(t, r, `{"open":"gate"}`)
	front := r.instance(m, "front")
	const enough = 10 * time.Second
	if _, err := r.try(front, 1, enough); err != nil {
		t.Fatal(err)
	}
	die(m)
	if told := h.hears(t, 1); !slices.Equal(told, []bool{true}) {
		t.Errorf("told %v when the process was gone", told)
	}
	back := r.instance(m, "back")
	defer r.close(m, front, back)
	for n, i := range []node.Instance{front, back} {
		if _, err := r.try(i, uint64(2+n), enough); err == nil || !strings.Contains(err.Error(), "start") {
			t.Errorf("a run without a process: %v", err) // its model waits at the gate
		}
	}
	letIn(t, r.env.StateDir)
	if told := h.hears(t, 2); !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v when it was back", told)
	}
	for n, i := range []node.Instance{front, back} {
		if i.(*instance).spare.Load() == nil {
			t.Error("a run is to open its instance again")
		}
		outs, err := r.try(i, uint64(4+n), enough)
		if err != nil || outs[0].Value.AsInt() != 1 {
			t.Errorf("a run after it was back: %v, %v", outs, err)
		}
	}
	die(m)
	h.hears(t, 4)
	if _, err := r.try(front, 6, enough); err != nil || m.Restarts() != 2 {
		t.Errorf("after the second death: %v, %d restarts", err, m.Restarts())
	}
	if told := h.hears(t, 4); !slices.Equal(told, []bool{true, false, true, false}) {
		t.Errorf("told %v", told)
	}
	die(m)
	h.hears(t, 6)
	die(m) // with links that nobody has used
	h.hears(t, 8)
	if _, err := r.try(back, 7, enough); err != nil {
		t.Errorf("after two more deaths: %v", err)
	}
}

// TestAwayForGood: a process that dies again while its model opens is not to be waited for; each try is told of, and a run says why.
func TestAwayForGood(t *testing.T) {
	r := newRig(t)
	m, h := heard(t, r, `{"open":"once"}`)
	front := r.instance(m, "front")
	defer r.close(m, front)
	die(m)
	for i, away := range h.hears(t, 4) {
		if away != (i%2 == 0) {
			t.Errorf("word %d: away %v", i+1, away)
		}
	}
	if _, err := r.try(front, 1, 10*time.Second); err == nil || !strings.Contains(err.Error(), "exit code 8") && !strings.Contains(err.Error(), "starting") {
		t.Errorf("a run: %v, want to be told how the process ended", err)
	}
	if n := m.Restarts(); n < 2 {
		t.Errorf("%d restarts were counted, want at least 2", n)
	}
}

// TestOpeningIsNotLiving: however long a model took to open, a process that never did has not lived, and is waited for ever longer.
func TestOpeningIsNotLiving(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), "{}")
	defer r.close(m)
	m.mu.Lock()
	p := m.mu.proc
	m.mu.backoff.ends, p.opened = 3, time.Time{}
	p.began = p.began.Add(-2 * steadyAfter)
	m.mu.Unlock()
	p.kill()
	_ = p.end(nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.backoff.ends < 4 {
		t.Errorf("%d ends in a row, want at least 4", m.mu.backoff.ends)
	}
}
