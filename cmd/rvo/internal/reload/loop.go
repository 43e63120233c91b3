package reload

import (
	"context"
	"slices"
	"sync"
	"time"

	"rvo.dev/dsl"
)

// again is when a pipeline is read again that could not be read, although nobody told of a change: a file that it imports may have
// come that nobody knew to watch.
const again = 5 * time.Second

// early is how much sooner than was counted here a probation may end that lasted all its time.
const early = time.Second

// Run takes what comes until ctx is done, and returns when everything that it started has ended. It is called once.
func (r *Reloader) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() {
		stop()
		close(r.closed)
		all.Wait()
		r.reader.close()
	}()
	if r.cfg.Watch != nil {
		r.want(r.Running())
		all.Go(func() { r.watch(ctx) })
	}
	all.Go(func() { r.keep(ctx) })

	var q queue
	var current *under
	done := make(chan finished)
	retry := time.NewTimer(again)
	retry.Stop()
	defer retry.Stop()
	newer := func() {
		if current != nil {
			current.cancel(ErrNewer)
		}
	}
	for {
		if current == nil {
			if j := q.next(); j != nil {
				current = r.begin(ctx, j, done, &all)
			} else if r.cfg.Watch != nil {
				r.reader.ready(ctx, r.log)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.news:
			q.changed()
			newer()
		case <-r.grown:
			q.changed()
		case <-r.nudged:
			q.files, q.force, q.trigger = true, true, Signal
			newer()
		case n := <-r.asked:
			if useless, ok := q.add(n); !ok {
				close(n.answer)
			} else if useless != nil {
				useless.answer <- r.superseded(Edited)
			}
			if n.edit == nil || current != nil && current.job.edit != nil && n.sameNode(current.job.edit) {
				newer()
			}
		case f := <-done:
			current.cancel(nil)
			j := current.job
			current = nil
			if f.newer {
				r.metrics.count(Superseded)
				if j.edit != nil && slices.ContainsFunc(q.edits, j.edit.sameNode) {
					j.answer(r.superseded(Edited)) // by an edit of the same node
				} else {
					q.back(j)
				}
				continue
			}
			if r.finish(j, &f) {
				retry.Reset(again)
			} else {
				retry.Stop()
			}
			j.answer(f.outcome)
		case <-retry.C:
			q.changed()
		case <-r.endings.news:
			for _, e := range r.endings.take() {
				r.proved(e)
			}
		}
	}
}

// under is the attempt under way.
type under struct {
	job    *job
	cancel context.CancelCauseFunc
}

// begin begins an attempt, which says on done how it ended.
func (r *Reloader) begin(ctx context.Context, j *job, done chan<- finished, all *sync.WaitGroup) *under {
	ctx, cancel := context.WithCancelCause(ctx)
	all.Go(func() {
		f := r.attempt(ctx, j)
		select {
		case done <- f:
		case <-r.closed:
		}
	})
	return &under{j, cancel}
}

// Nudge has the files read as Reload does and does not wait: for a signal.
func (r *Reloader) Nudge() { tell(r.nudged) }

// tell leaves news where there is none.
func tell(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// superseded is the outcome of an edit that a newer one made useless.
func (r *Reloader) superseded(t Trigger) Outcome {
	return Outcome{
		Result: Superseded, Trigger: t, At: time.Now().UTC(), Generation: r.cfg.Generation(), Error: ErrNewer.Error(),
		Findings: []dsl.Finding{}, Changes: nil,
	}
}

// finish takes what became of an attempt and reports whether the files are to be read again before long.
func (r *Reloader) finish(j *job, f *finished) (retry bool) {
	o := &f.outcome
	files := j.edit == nil
	r.mu.Lock()
	if files && len(f.files) > 0 {
		r.files = f.files
	}
	told := true
	switch o.Result {
	case Applied:
		r.running, r.trial = f.loaded, f.trial
		f.trial.outcome = *o
		if files {
			r.refused, r.bad = nil, ""
		}
	case Unchanged:
		if f.loaded != nil { // the same, perhaps from other places of the files
			r.running = f.loaded
		}
		switch {
		case files && f.bad: // still what was refused
			told = j.force
		case files:
			told = j.force || r.refused != nil
			r.refused, r.bad = nil, ""
		}
	case Rejected:
		told = j.force || !o.same(r.refused)
		if files {
			r.refused, r.bad = o, f.key
		}
	case Superseded, RolledBack, Planned:
	}
	if told {
		r.remember(o)
	}
	r.mu.Unlock()
	if r.cfg.Watch != nil && (files || o.Result == Applied) {
		r.want(f.loaded)
	}
	if told {
		r.metrics.add(o)
		r.report(o)
	}
	return files && o.Result == Rejected && unread(o.Findings)
}

// remember puts an outcome at the head of the history. The caller holds mu.
func (r *Reloader) remember(o *Outcome) {
	short := *o
	short.Plan, short.PlanText = nil, ""
	r.history = slices.Insert(r.history, 0, short)
	r.history = r.history[:min(len(r.history), History)]
}

// unread reports whether findings are about what could not be read, rather than about what was.
func unread(fs []dsl.Finding) bool {
	return slices.ContainsFunc(fs, func(f dsl.Finding) bool { return f.Code == dsl.CodeRead || f.Code == dsl.CodeImport })
}

// proved takes the end of a probation.
func (r *Reloader) proved(e ending) {
	r.mu.Lock()
	if e.how.Kept {
		if r.trial == e.trial {
			r.trial = nil
		}
		r.mu.Unlock()
		if !time.Now().Before(e.trial.Until.Add(-early)) { // else another graph followed it before it had proved anything
			r.good.put(e.trial.now)
		}
		return
	}
	if r.trial != e.trial {
		r.mu.Unlock()
		return // another graph has followed it since
	}
	o := e.trial.outcome
	o.Result, o.Node, o.Error, o.Step = RolledBack, e.how.Node, dsl.Redact(e.how.Why), "probation"
	o.At, o.Generation, o.Seconds = time.Now().UTC(), e.how.Generation, Seconds{}
	r.running, r.trial = e.trial.was, nil
	r.refused, r.bad = &o, key(e.trial.now)
	r.remember(&o)
	r.mu.Unlock()
	r.metrics.add(&o)
	r.report(&o)
}
