package reload

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"runtime"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/plan"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// planned is what a text would be called if it were the pipeline's file.
const planned = "planned.cue"

// Plan says what an edit would do, and does nothing.
func (r *Reloader) Plan(ctx context.Context, e Edit) (Outcome, error) {
	return r.dry(ctx, func(now *Loaded, files []string) (*Loaded, *vet.Result, error) {
		return r.readEdit(ctx, &e, now, files)
	})
}

// PlanText says what would happen if the pipeline were this text, with the nodes that were edited over HTTP, and does nothing.
func (r *Reloader) PlanText(ctx context.Context, text []byte) (Outcome, error) {
	return r.dry(ctx, func(now *Loaded, _ []string) (*Loaded, *vet.Result, error) {
		file := filepath.Join(now.Graph.Dir, planned)
		cfg := r.cfg
		cfg.Paths, cfg.Options.Files = []string{file}, map[string][]byte{file: text}
		return (&reader{cfg: &cfg}).read(ctx, nil, now.Overlay, nil)
	})
}

// dry is a reload up to where it would begin to do something.
func (r *Reloader) dry(ctx context.Context, read func(now *Loaded, files []string) (*Loaded, *vet.Result, error)) (Outcome, error) {
	select {
	case r.plans <- struct{}{}:
		defer func() { <-r.plans }()
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
	begin := time.Now()
	o := Outcome{
		Result: Planned, Trigger: Edited, At: begin.UTC(), Generation: r.cfg.Generation(), Findings: []dsl.Finding{}, Changes: []graph.Change{},
	}
	r.mu.Lock()
	now, files := r.running, r.files
	r.mu.Unlock()
	in, v, err := read(now, files)
	o.Seconds.Read = time.Since(begin).Seconds()
	o.Seconds.Total = o.Seconds.Read
	if err != nil && ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if v != nil {
		o.Findings = append(o.Findings, v.Findings...)
	}
	if in == nil {
		o.Result = Rejected
		if err != nil {
			o.Error = dsl.Redact(err.Error())
		}
		return o, nil
	}
	o.Revision = in.Graph.Revision
	in.Nodes = in.Graph.Nodes(r.facts.of(in.Graph.Dir))
	key := make([]byte, 32) // tells credentials apart within this comparison alone
	_, _ = rand.Read(key)   // it never fails
	side := func(in *Loaded, generation uint64) *plan.Side {
		return plan.Of(in.Graph, in.Nodes, plan.Options{CPUs: runtime.NumCPU(), CPUsSource: analysis.Measured, Key: key, Generation: generation})
	}
	o.Plan = plan.Compare(side(now, o.Generation), side(in, 0))
	o.PlanText = text(o.Plan)
	o.changed(graph.Compare(now.Nodes, in.Nodes), len(in.Nodes))
	return o, nil
}
