package cli

import (
	"context"
	"runtime/debug"

	"rvo.dev/dsl/vet"
)

const (
	// readPercent lets the heap grow to five times what is live before it is collected, while a pipeline is read: the evaluator
	// of CUE makes much garbage for a short time, and a quarter of the work is looking for it otherwise.
	readPercent = 400
	// readLimit is where that ends: a pipeline that needs more is collected as ever, and stays below the bound on what an
	// evaluation may take (dsl.DefaultMemory), which counts garbage too.
	readLimit = 512 << 20
)

// vet reads and checks one pipeline with a lazy collector. What runs afterwards has the usual one.
func (a *app) vet(ctx context.Context, paths []string, opts vet.Options) (*vet.Result, error) {
	if a.Env("GOGC") == "" && a.Env("GOMEMLIMIT") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(readPercent))
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(readLimit))
	}
	opts.Kinds = a.Kinds
	return vet.Vet(ctx, paths, opts)
}
