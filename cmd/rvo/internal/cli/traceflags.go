package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"rvo.dev/cmd/rvo/internal/trace"
	"rvo.dev/engine"
)

// traceFlags say who is told what became of pictures.
type traceFlags struct {
	endpoint string
	sample   float64
}

func (f *traceFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.endpoint, "otlp", "", "collector of OpenTelemetry traces, over gRPC: http://host:4317 or https://host:4317 (default none)")
	fs.Float64Var(&f.sample, "otlp-sample", 0.01, "share of all pictures whose traces are told, 0 to 1; those that decide an event always are")
}

// open has a tracer told of what the engine does, and returns what sends the traces for as long as the pipeline runs: nil where
// nobody wants any.
func (f *traceFlags) open(ctx context.Context, fs *pflag.FlagSet, cfg *engine.Config, reg *prometheus.Registry, log *slog.Logger) (func(context.Context), error) {
	if f.endpoint == "" {
		if fs.Changed("otlp-sample") {
			return nil, errors.New("--otlp-sample is about the traces of --otlp, and there is none")
		}
		return nil, nil //nolint:nilnil // nobody wants any
	}
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return nil, err
	}
	cfg.RunID = hex.EncodeToString(id) // traces are told apart by it before the engine could say its own
	t, err := trace.New(ctx, trace.Options{
		Endpoint: f.endpoint, Sample: f.sample, Run: cfg.RunID, Pipeline: cfg.Graph.Name, Registry: reg, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("--otlp: %w", err)
	}
	cfg.Tracer = t
	return t.Run, nil
}
