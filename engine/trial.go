package engine

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

const (
	// trialEvery is how often cameras and sinks on trial are looked at. What detectors do is seen at once.
	trialEvery = 250 * time.Millisecond
	// trialQuiet is how long a camera on trial may give no picture; three of its periods where that is more. A moment in which a
	// busy machine shows none must not cost an edit.
	trialQuiet = time.Second
	// trialRuns is from how many runs on their failures count as a rate, and tries of a sink.
	trialRuns = 4
)

// trial is the probation of what a swap brought: if it fails, the swap is rolled back. The nodes that it took the place of are
// kept open until then, where there is memory for them.
type trial struct {
	edit  *edit
	back  []graph.Node // of the graph before
	until time.Time
	fail  chan verdict  // room for one
	ended chan struct{} // closed when another swap was committed

	// Of the holder of the turn.
	lanes map[*lane]*score
}

func newTrial(d *edit, back []graph.Node) *trial {
	t := &trial{
		edit: d, back: back, until: time.Now().Add(d.opts.Probation), fail: make(chan verdict, 1), ended: make(chan struct{}), lanes: map[*lane]*score{},
	}
	for l := range d.onTrial() {
		t.lanes[l] = &score{}
	}
	return t
}

// nodes returns the ids of what is on trial, sorted.
func (t *trial) nodes() []string {
	var out []string
	for _, c := range t.edit.changes {
		if c.Action == graph.Add || c.Action == graph.Replace || t.edit.tunes(c.ID) {
			out = append(out, c.ID)
		}
	}
	return out
}

// score is how the last runs of a lane on trial went.
type score struct {
	runs int
	last uint8 // a bit for each of the last eight, set: it failed
}

// verdict is why a node has failed its trial.
type verdict struct{ node, why string }

// ran takes the end of a run. The holder of the turn calls it.
func (t *trial) ran(l *lane, outcome sched.Outcome, err error) {
	if s := t.lanes[l]; s != nil {
		s.count(t, l, outcome, err)
	}
}

func (s *score) count(t *trial, l *lane, outcome sched.Outcome, err error) {
	s.runs, s.last = s.runs+1, s.last<<1
	if outcome == sched.OutcomeOK {
		return
	}
	s.last |= 1
	n, bad := min(s.runs, 8), bits.OnesCount8(s.last)
	switch {
	case outcome == sched.OutcomePanic:
		t.failed("detector/"+l.name(), fmt.Sprintf("it panicked: %v", err))
	case n >= trialRuns && 2*bad > n:
		t.failed("detector/"+l.name(), fmt.Sprintf("%d of its last %d runs failed: %v", bad, n, err))
	}
}

// failed says that the trial has failed: the first time counts.
func (t *trial) failed(node, why string) {
	select {
	case t.fail <- verdict{node, redact(why)}:
	default:
	}
}

// run waits for the end of the trial, and rolls the swap back if it fails.
func (t *trial) run() {
	e, d := t.edit.e, t.edit
	out := SwapOutcome{Generation: d.new.generation, Kept: true, Now: d.new.generation}
	how, hurry := reloadKept, false
	limit := time.NewTimer(d.opts.Probation)
	defer limit.Stop()
	every := time.NewTicker(trialEvery)
	defer every.Stop()
	sinks := t.sinks()
	for waiting := true; waiting; {
		select {
		case <-every.C:
			t.look(sinks)
			continue
		case v := <-t.fail:
			out.Node, out.Why = v.node, v.why
			back, err := t.rollBack(v)
			switch {
			case err != nil:
				out.Err = err
				e.log.Error("a swap could not be rolled back: it runs on", "node", v.node, "why", v.why, "err", err)
			case back == nil:
				how = reloadSuperseded
			default:
				how, out.Kept, out.Now = reloadRolledBack, false, back.new.generation
			}
		case <-t.ended:
			how = reloadSuperseded
		case <-limit.C:
		case <-e.watching.Done():
			hurry = true
		}
		waiting = false
	}
	e.do(func() {
		if e.trial == t {
			e.trial = nil
		}
	})
	e.reloads.ended(t, how, out)
	gone := d.take()
	e.retire(&gone, hurry)
	d.slim()
	if d.opts.Ended != nil {
		d.opts.Ended(out)
	}
}

// tries counts what a sink on trial was given.
type tries struct {
	s               *sink
	written, failed uint64
}

// sinks returns the sinks on trial as they are now.
func (t *trial) sinks() []tries {
	var out []tries
	for _, s := range t.edit.new.sinks {
		if a := t.edit.does("sink/" + s.id); a == graph.Add || a == graph.Replace || t.edit.tunes("sink/"+s.id) {
			out = append(out, tries{s, s.written.Load(), s.failed.Load()})
		}
	}
	return out
}

// look finds a camera on trial that gives no pictures, and a sink that takes no records.
func (t *trial) look(sinks []tries) {
	e, d := t.edit.e, t.edit
	for i, c := range d.new.cams {
		if d.was[i] == c || c.over.Load() {
			continue
		}
		quiet := time.Duration(e.now()) - max(time.Duration(c.last.Load()), d.since)
		if limit := max(3*time.Duration(c.period.Load()), trialQuiet); quiet > limit {
			t.failed("camera/"+c.id, fmt.Sprintf("it has given no picture for %v: %s", quiet.Round(10*time.Millisecond), c.status().Error))
		}
	}
	for _, x := range sinks {
		written, failed := x.s.written.Load()-x.written, x.s.failed.Load()-x.failed
		if n := written + failed; n >= trialRuns && 2*failed > n {
			t.failed("sink/"+x.s.id, fmt.Sprintf("%d of %d tries to write a record failed: %s", failed, n, x.s.status().Error))
		}
	}
}

// rollBack puts the graph of before in the place of the one that failed, with what is still there of its nodes. It returns nil
// where another swap was faster.
func (t *trial) rollBack(v verdict) (*edit, error) {
	e := t.edit.e
	select {
	case e.swapping <- struct{}{}:
		defer func() { <-e.swapping }()
	case <-t.ended:
		return nil, nil //nolint:nilnil // as it says
	case <-e.watching.Done():
		return nil, ErrStopped
	}
	if e.w.Load() != t.edit.new {
		return nil, nil //nolint:nilnil // as it says
	}
	begin := time.Now()
	e.log.Error("a swap is rolled back", "node", v.node, "why", v.why)
	ctx, cancel := context.WithTimeoutCause(e.watching, DefaultPrepare, fmt.Errorf("not ready within %v", DefaultPrepare))
	defer cancel()
	d := e.newEdit(t.edit.old.g, SwapOptions{Nodes: t.back, By: "rollback"}, t.edit)
	err := d.prepare(ctx)
	ready := time.Now()
	if err == nil {
		err = d.commit()
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	t.edit.keep(d.new)
	d.undoes = nil
	e.committed(d, SwapReport{
		Generation: d.new.generation, Revision: d.new.g.Revision, Changes: d.changes,
		Prepare: ready.Sub(begin), Commit: d.pause, Total: time.Since(begin), At: d.at,
	})
	return d, nil
}
