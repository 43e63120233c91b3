package cli

import (
	"runtime"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/dsl"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine/analysis"
)

// running returns what a process tells of the pipeline that it runs, whose nodes are as they were when it was opened. The key is
// that of plan.Options.
func running(r *reload.Reloader, extra []byte, generation func() uint64) func(key []byte) (*plan.Running, error) {
	return func(key []byte) (*plan.Running, error) {
		in := r.Running()
		side := plan.Of(in.Graph, in.Nodes, plan.Options{
			CPUs: runtime.NumCPU(), CPUsSource: analysis.Measured, Key: key, Generation: generation(),
		})
		p := &plan.Running{
			Schema: plan.ConfigSchema, Side: *side, Source: string(in.Source), Extra: dsl.Redact(string(extra)), Overlay: dsl.Redact(string(in.Overlay)),
		}
		if o := r.Refused(); o != nil {
			p.Rejected = &plan.Rejected{At: o.At, Findings: o.Findings, Error: o.Error, Node: o.Node, Step: o.Step}
		}
		return p, nil
	}
}
