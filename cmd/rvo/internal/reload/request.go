package reload

import (
	"context"
	"slices"
	"sync"

	"rvo.dev/dsl"
)

// maxWaiting is how many requests wait at most: people and programs that edit one running pipeline are few.
const maxWaiting = 16

// request is one that somebody waits for.
type request struct {
	trigger Trigger
	edit    *Edit // nil: read the files again
	answer  chan Outcome
}

// Edit is a change of one node.
type Edit struct {
	Entry dsl.Entry
	Write bool // write the overlay to the state folder when it is done
}

// Reload reads the files and has the engine take what is new in them, whether or not it failed before. It returns when that is
// done; several that wait for the same have the same Outcome. The error is ErrClosed, ErrBusy or that of ctx.
func (r *Reloader) Reload(ctx context.Context, t Trigger) (Outcome, error) {
	return r.ask(ctx, &request{trigger: t})
}

// Edit changes one node of what runs: see Reload. The text of the node is CUE.
func (r *Reloader) Edit(ctx context.Context, e Edit) (Outcome, error) {
	return r.ask(ctx, &request{trigger: Edited, edit: &e})
}

func (r *Reloader) ask(ctx context.Context, q *request) (Outcome, error) {
	q.answer = make(chan Outcome, 1)
	select {
	case r.asked <- q:
	case <-r.closed:
		return Outcome{}, ErrClosed
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
	select {
	case o, ok := <-q.answer:
		if !ok {
			return Outcome{}, ErrBusy
		}
		return o, nil
	case <-r.closed:
		return Outcome{}, ErrClosed
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
}

// queue is what is still to be done: at most one reading of the files, and edits of nodes of which the newest of each node counts.
type queue struct {
	files   bool       // they changed, or somebody asks
	force   bool       // somebody asks: what failed before is tried again
	trigger Trigger    // of the files' reading
	readers []*request // who waits for it
	edits   []*request
}

// add takes a request. It returns one that it makes useless, and false where there are too many.
func (q *queue) add(n *request) (useless *request, ok bool) {
	if n.edit == nil {
		if len(q.readers) == maxWaiting {
			return nil, false
		}
		q.files, q.force, q.trigger = true, true, n.trigger
		q.readers = append(q.readers, n)
		return nil, true
	}
	i := slices.IndexFunc(q.edits, n.sameNode)
	if i >= 0 {
		useless = q.edits[i]
		q.edits = slices.Delete(q.edits, i, i+1)
	} else if len(q.edits) == maxWaiting {
		return nil, false
	}
	q.edits = append(q.edits, n)
	return useless, true
}

// sameNode reports whether two edits are of one node.
func (q *request) sameNode(o *request) bool {
	return q.edit.Entry.Collection == o.edit.Entry.Collection && q.edit.Entry.Name == o.edit.Entry.Name
}

// changed takes news of the files.
func (q *queue) changed() {
	if !q.files {
		q.files, q.trigger = true, Changed
	}
}

// job is one attempt.
type job struct {
	trigger Trigger
	force   bool
	readers []*request // who waits for it
	edit    *request   // nil: the files are read
}

// next takes what is to be done next: the files first, then the oldest edit. nil: nothing is.
func (q *queue) next() *job {
	switch {
	case q.files:
		j := &job{trigger: q.trigger, force: q.force, readers: q.readers}
		q.files, q.force, q.readers = false, false, nil
		return j
	case len(q.edits) > 0:
		j := &job{trigger: Edited, force: true, edit: q.edits[0]}
		q.edits = q.edits[1:]
		return j
	}
	return nil
}

// back takes a job back that was ended for a newer one.
func (q *queue) back(j *job) {
	if j.edit != nil {
		q.edits = slices.Insert(q.edits, 0, j.edit)
		return
	}
	q.readers = append(j.readers, q.readers...)
	if !q.files {
		q.files, q.trigger = true, j.trigger
	}
	q.force = q.force || j.force
}

// answer tells everyone who waits for a job.
func (j *job) answer(o Outcome) {
	for _, q := range j.readers {
		q.answer <- o
	}
	if j.edit != nil {
		j.edit.answer <- o
	}
}

// endings are probations that ended and of which the loop has not heard.
type endings struct {
	mu   sync.Mutex
	list []ending
	news chan struct{}
}

type ending struct {
	trial *trial
	how   Ended
}

func newEndings() *endings { return &endings{news: make(chan struct{}, 1)} }

func (e *endings) add(n ending) {
	e.mu.Lock()
	e.list = append(e.list, n)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *endings) take() []ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.list
	e.list = nil
	return out
}
