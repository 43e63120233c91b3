package cli

import (
	"runtime"

	"rvo.dev/dsl/plan"
	"rvo.dev/dsl/show"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// running returns what a process tells of the pipeline that it runs, whose nodes are as they were when it was opened. The key is
// that of plan.Options.
func running(in *input, nodes []graph.Node, generation func() uint64) func(key []byte) (*plan.Running, error) {
	return func(key []byte) (*plan.Running, error) {
		source, err := show.Pipeline(in.doc)
		if err != nil {
			return nil, err
		}
		side := plan.Of(in.graph, nodes, plan.Options{
			CPUs: runtime.NumCPU(), CPUsSource: analysis.Measured, Key: key, Generation: generation(),
		})
		return &plan.Running{Schema: plan.ConfigSchema, Side: *side, Source: string(source)}, nil
	}
}
