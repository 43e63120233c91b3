package reload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
)

const (
	// settle is how long a text that is no pipeline is left alone before that is told: it may be half of one, still being written.
	settle = 200 * time.Millisecond
	// longAgo is from when on a file's time says nothing of how long its change waited to be seen.
	longAgo = 10 * time.Second
)

// finished is what became of an attempt.
type finished struct {
	outcome Outcome
	newer   bool     // it was ended for a newer one
	loaded  *Loaded  // what was read, nil where there are errors
	trial   *trial   // of what runs now
	key     string   // of what was read
	bad     bool     // it was refused before, and nobody asked to try again
	files   []string // it was read from
}

// attempt reads the pipeline and has the engine take it. It changes nothing of the Reloader.
func (r *Reloader) attempt(ctx context.Context, j *job) (f finished) {
	if r.cfg.Around != nil {
		defer r.cfg.Around()()
	}
	begin := time.Now()
	f = finished{outcome: Outcome{Trigger: j.trigger, At: begin.UTC(), Findings: []dsl.Finding{}, Changes: []graph.Change{}}}
	o := &f.outcome
	r.mu.Lock()
	now, files, bad := r.running, r.files, r.bad
	r.mu.Unlock()
	if j.trigger == Changed {
		since := changed(files)
		if told := r.told.Swap(0); told != 0 {
			since = time.Unix(0, told)
		}
		if age := begin.Sub(since); age > 0 && age < longAgo {
			o.Seconds.Wait = age.Seconds()
		}
	}
	before := r.reader.texts(files)
	in, v, err := r.readFor(ctx, j, now, files)
	if f.newer = ctx.Err() != nil; f.newer {
		return f
	}
	o.Generation = r.cfg.Generation()
	o.Seconds.Read = time.Since(begin).Seconds()
	defer func() { o.Seconds.Total = o.Seconds.Wait + time.Since(begin).Seconds() }()
	if v != nil {
		o.Findings, f.files = slices.Concat(o.Findings, v.Findings), v.Files
	}
	if in == nil {
		f.fail(err)
		if err == nil {
			f.key = keyOf(v)
		}
		if j.edit == nil && v != nil && slices.ContainsFunc(v.Findings, unfinished) {
			f.newer = !pause(ctx, settle) || !maps.EqualFunc(before, r.reader.texts(files), bytes.Equal)
		}
		return f
	}
	o.Revision, f.loaded = in.Graph.Revision, in
	in.Nodes = in.Graph.Nodes(r.facts.of(in.Graph.Dir))
	f.key = key(in)
	if !j.force && f.key == bad {
		o.Result, f.bad, f.loaded = Unchanged, true, nil
		return f
	}
	changes := graph.Compare(now.Nodes, in.Nodes)
	if in.Graph.Revision == now.Graph.Revision && !slices.ContainsFunc(changes, func(c graph.Change) bool { return c.Action != graph.Keep }) {
		o.Result = Unchanged
		o.changed(nil, len(in.Nodes))
		f.save(r, j)
		return f
	}
	f.trial = &trial{now: in, was: now, Until: time.Now().UTC().Add(max(r.cfg.Probation, 0))}
	trial := f.trial
	swapped, err := r.cfg.Swap(ctx, Order{
		Graph: in.Graph, Nodes: in.Nodes, Probation: max(r.cfg.Probation, 0), By: j.trigger,
		Ended: func(e Ended) { r.endings.add(ending{trial, e}) },
	})
	if err != nil {
		f.newer = ctx.Err() != nil
		f.loaded = nil
		o.changed(changes, len(in.Nodes))
		f.fail(err)
		return f
	}
	o.Result = Applied
	f.trial.Generation = swapped.Generation
	o.swapped(&swapped, len(in.Nodes))
	f.save(r, j)
	return f
}

// fail enters why the pipeline does not run. Without an error the findings say it.
func (f *finished) fail(err error) {
	f.outcome.Result = Rejected
	if err == nil {
		return
	}
	f.outcome.Error = dsl.Redact(err.Error())
	if e, ok := errors.AsType[*Error](err); ok {
		f.outcome.Node, f.outcome.Step = e.Node, e.Step
	}
}

// save writes the overlay where that was asked for.
func (f *finished) save(r *Reloader, j *job) {
	if j.edit == nil || !j.edit.edit.Write {
		return
	}
	file, err := WriteOverlay(r.cfg.StateDir, f.loaded.Overlay)
	if err != nil {
		f.outcome.Error = err.Error() // it runs all the same
		return
	}
	f.outcome.Written = file
}

// unfinished reports whether a finding may come of a file that is still being written.
func unfinished(f dsl.Finding) bool {
	return f.Code == dsl.CodeSyntax || f.Code == dsl.CodeRead || f.Code == dsl.CodeImport || f.Code == dsl.CodeMissing
}

// pause waits and reports whether it waited all the time.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// key stands for a pipeline with what its nodes read.
func key(in *Loaded) string {
	h := sha256.New()
	h.Write([]byte(in.Graph.Revision))
	for i := range in.Nodes {
		h.Write([]byte(in.Nodes[i].Wired))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keyOf stands for one that has errors.
func keyOf(v *vet.Result) string {
	h := sha256.New()
	for i := range v.Findings {
		f := &v.Findings[i]
		h.Write([]byte(f.Code + f.Message + f.Place.String() + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
