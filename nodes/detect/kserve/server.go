package kserve

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/detect/remote"
	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// servers opens detectors over connections that they share.
type servers struct{ remote.Pool }

// served is a model on a server.
type served struct {
	// What Tuned holds are the options that decide how the network is used.
	*node.Tuned[Options, model.PlanOptions]
	log    *slog.Logger
	o      Options
	conn   *remote.Conn
	client inferencev2.GRPCInferenceServiceClient

	// known is what the server said of the model; nil until it was asked, and again after it may have changed.
	known atomic.Pointer[known]
	// Said is which version last answered.
	remote.Said
}

// open returns the model behind these options. It does not wait for its server, which may come later than we do.
func (s *servers) open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	t, err := node.NewTuned(o, func(o Options) (model.PlanOptions, error) {
		if err := o.check(); err != nil {
			return model.PlanOptions{}, err
		}
		return o.use(env.Env)
	})
	if err != nil {
		return nil, err
	}
	m := &served{Tuned: t, log: env.Log, o: o.completed()}
	if m.conn, err = s.Connect(&env.Env, m.o.channel()); err != nil {
		return nil, err
	}
	m.client = inferencev2.NewGRPCInferenceServiceClient(m.conn)
	return m, nil
}

// NewInstance implements node.Model.
func (m *served) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return &instance{served: m}, nil
}

// Close implements node.Model.
func (m *served) Close() error { return m.conn.Close() }

// note logs which version answers, when it is another than before. The protocol knows no checksums.
func (m *served) note(a *inferencev2.ModelInferResponse) {
	if m.Note(node.Identity{Name: m.o.Model, Version: a.GetModelVersion()}) {
		m.log.Info("a model answers", "model", m.o.Model, "version", m.Identity().Version)
	}
}

// name is the model as people read it.
func (m *served) name() string {
	if m.o.Version == "" {
		return fmt.Sprintf("model %q", m.o.Model)
	}
	return fmt.Sprintf("model %q version %q", m.o.Model, m.o.Version)
}
