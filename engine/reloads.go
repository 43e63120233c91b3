package engine

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/graph"
)

// keptReloads is how many swaps the status tells of.
const keptReloads = 16

// How a swap went, as Reload.Outcome says it.
const (
	reloadLive       = "live"        // it runs, on probation
	reloadKept       = "kept"        // it runs, or ran until the next
	reloadSuperseded = "superseded"  // another came before the end of its probation
	reloadRolledBack = "rolled_back" // it failed, and the graph of before runs again
	reloadRejected   = "rejected"    // nothing has changed
)

// Reload is one swap, as the status tells of it.
type Reload struct {
	At         time.Time     `json:"at"` // wall time of the commit, or of the refusal
	By         string        `json:"by"` // who asked
	Revision   string        `json:"revision"`
	Generation uint64        `json:"generation,omitempty"` // 0: it was refused
	Outcome    string        `json:"outcome"`              // live, kept, superseded, rolled_back, rejected
	Node       string        `json:"node,omitempty"`       // to blame
	Step       string        `json:"step,omitempty"`       // at which it was refused
	Why        string        `json:"why,omitempty"`
	Prepare    time.Duration `json:"prepare_ns"`
	Commit     time.Duration `json:"commit_ns"`
	Total      time.Duration `json:"total_ns"`
	Changes    ReloadChanges `json:"changes"`
}

// ReloadChanges counts the nodes of a swap by what became of them.
type ReloadChanges struct {
	Kept     int `json:"kept"`
	Retuned  int `json:"retuned"`
	Replaced int `json:"replaced"`
	Added    int `json:"added"`
	Removed  int `json:"removed"`
}

// Probation is the time in which a swap may be rolled back.
type Probation struct {
	Generation uint64    `json:"generation"`
	Until      time.Time `json:"until"`
	Nodes      []string  `json:"nodes"` // what is watched
}

// reloads are the last swaps, and what all of them come to.
type reloads struct {
	counts [5]atomic.Uint64 // as outcomes lists them
	nodes  [graph.Remove + 1]atomic.Uint64

	mu struct {
		sync.Mutex
		list  []Reload
		trial *trial
	}
}

// outcomes are those that metrics count.
func outcomes() []string {
	return []string{reloadLive, reloadKept, reloadSuperseded, reloadRolledBack, reloadRejected}
}

func (r *reloads) count(outcome string) { r.counts[slices.Index(outcomes(), outcome)].Add(1) }

func (r *reloads) add(x Reload, t *trial) {
	r.count(x.Outcome)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.list = append(r.mu.list, x)
	r.mu.list = r.mu.list[max(0, len(r.mu.list)-keptReloads):]
	if x.Generation > 0 {
		r.mu.trial = t
	}
}

// ended notes how a trial went.
func (r *reloads) ended(t *trial, outcome string, o SwapOutcome) {
	r.count(outcome)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.mu.list {
		if x := &r.mu.list[i]; x.Generation == o.Generation {
			x.Outcome, x.Node, x.Why = outcome, o.Node, o.Why
		}
	}
	if r.mu.trial == t {
		r.mu.trial = nil
	}
}

// tell returns the last swaps, oldest first, and the present probation.
func (r *reloads) tell() ([]Reload, *Probation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var p *Probation
	if t := r.mu.trial; t != nil {
		p = &Probation{Generation: t.edit.new.generation, Until: t.until.UTC(), Nodes: t.nodes()}
	}
	return slices.Clone(r.mu.list), p
}

// committed notes a swap that was carried out, and begins its trial or closes what is gone.
func (e *Engine) committed(d *edit, rep SwapReport) {
	x := Reload{
		At: rep.At, By: d.opts.By, Revision: rep.Revision, Generation: rep.Generation, Outcome: reloadKept,
		Prepare: rep.Prepare, Commit: rep.Commit, Total: rep.Total,
	}
	for _, c := range rep.Changes {
		e.reloads.nodes[c.Action].Add(1)
		switch c.Action {
		case graph.Keep:
			x.Changes.Kept++
		case graph.Retune:
			x.Changes.Retuned++
		case graph.Replace:
			x.Changes.Replaced++
		case graph.Add:
			x.Changes.Added++
		case graph.Remove:
			x.Changes.Removed++
		}
	}
	if d.trial != nil {
		x.Outcome = reloadLive
	}
	e.reloads.add(x, d.trial)
	// Whoever asked for the swap tells of it, with what it is part of.
	e.log.Debug("another graph runs", "generation", x.Generation, "revision", x.Revision, "kept", x.Changes.Kept, "retuned", x.Changes.Retuned,
		"replaced", x.Changes.Replaced, "added", x.Changes.Added, "removed", x.Changes.Removed, "pause", x.Commit.String())
	if d.superseded != nil {
		close(d.superseded.ended)
		d.superseded = nil // else every edit would keep the one before it
	}
	e.last = d
	if d.trial != nil {
		e.spawn(d.trial.run)
		return
	}
	e.spawn(func() {
		gone := d.take()
		e.retire(&gone, false)
		d.slim()
		if d.opts.Ended != nil {
			d.opts.Ended(SwapOutcome{Generation: rep.Generation, Kept: true, Now: rep.Generation})
		}
	})
}

// refused notes a swap that was not carried out.
func (e *Engine) refused(g *graph.Graph, o SwapOptions, begin time.Time, err error) {
	x := Reload{At: e.cfg.Wall(), By: o.By, Revision: g.Revision, Outcome: reloadRejected, Why: redact(err.Error()), Total: time.Since(begin)}
	if s := new(*SwapError); errors.As(err, s) {
		x.Node, x.Step, x.Why = (*s).Node, (*s).Step, redact((*s).Err.Error())
	}
	e.reloads.add(x, nil)
	e.log.Debug("a swap was refused: the graph of before runs on", "revision", x.Revision, "node", x.Node, "step", x.Step, "err", x.Why)
}

// take returns what the edit took away, for the caller to close.
func (d *edit) take() parts {
	d.parking.Lock()
	defer d.parking.Unlock()
	p := d.gone
	d.gone = parts{}
	return p
}

// keep takes what a wiring has out of what the edit took away: it lives again.
func (d *edit) keep(w *wiring) {
	d.parking.Lock()
	defer d.parking.Unlock()
	p := &d.gone
	p.cams = slices.DeleteFunc(p.cams, func(c *camera) bool { return slices.Contains(w.cams, c) })
	p.lanes = slices.DeleteFunc(p.lanes, func(l *lane) bool { return slices.Contains(w.lanes, l) })
	p.models = slices.DeleteFunc(p.models, func(m *model) bool { return slices.Contains(w.models, m) })
	p.sinks = slices.DeleteFunc(p.sinks, func(s *sink) bool { return slices.Contains(w.sinks, s) })
	p.outlets = slices.DeleteFunc(p.outlets, func(o *outlet) bool {
		return slices.ContainsFunc(w.sinks, func(s *sink) bool { return s.out.Load() == o })
	})
	p.encoders = slices.DeleteFunc(p.encoders, func(enc *encoder) bool {
		return slices.ContainsFunc(w.cams, func(c *camera) bool { return c.seat.Load().encoder() == enc })
	})
}

// parkedBytes is what the pictures of cameras take that are kept open in case that the last swap fails. Whoever may swap
// calls it.
func (e *Engine) parkedBytes() int64 {
	if e.last == nil {
		return 0
	}
	e.last.parking.Lock()
	defer e.last.parking.Unlock()
	n := int64(0)
	for _, c := range e.last.gone.cams {
		n += c.claimed.Load()
	}
	return n
}

// unpark closes what is kept open in case that the last swap fails: if it does, that is opened again. Whoever may swap calls it.
func (e *Engine) unpark() {
	gone := e.last.take()
	e.retire(&gone, false)
}
