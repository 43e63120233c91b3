package onnx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// maxFile bounds what is read as a network: a wrong path must not fill the memory.
const maxFile = 1 << 30

func (r Runtimes) open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	plan, sum, err := o.plan(env.Env)
	if err != nil {
		return nil, err
	}
	t, err := node.NewTuned(o, func(o Options) (*model.Filter, error) {
		use, err := o.use(env.Env)
		if err != nil {
			return nil, err
		}
		return plan.Filter(use)
	})
	if err != nil {
		return nil, err
	}
	batch, err := o.Batch.completed()
	if err != nil {
		return nil, err
	}
	rt, err := r.choose(o, env)
	if err != nil {
		return nil, err
	}
	m := &shared{Tuned: t, plan: plan, id: node.Identity{Name: filepath.Base(o.Model), SHA256: hex.EncodeToString(sum[:])}}
	if err := m.load(rt, &env, batch); err != nil {
		return nil, fmt.Errorf("model %s: %w", o.Model, err)
	}
	f := *t.Now()
	env.Log.Info("a network is loaded", "model", o.Model, "runtime", rt.Name(), "family", plan.Family.Name,
		"input", fmt.Sprintf("%dx%d", plan.Width, plan.Height), "threshold", f.Score, "labels", len(f.Labels), "sha256", m.id.SHA256)
	return m, nil
}

// use is what the options say of how the network is used.
func (o *Options) use(env node.Env) (model.PlanOptions, error) {
	labels, err := model.ReadLabels(env, o.Labels, o.LabelsFile)
	return model.PlanOptions{
		Family: o.Family, InputSize: o.InputSize, Score: o.Threshold, Overlap: o.Overlap, Labels: labels, Keep: o.Keep,
	}, err
}

// plan reads the files, and says what the network's has as its checksum. It needs no runtime.
func (o *Options) plan(env node.Env) (_ *model.Plan, sum [sha256.Size]byte, _ error) {
	if o.Config != "" && o.Runtime == "ort" {
		return nil, sum, &model.OptionError{Option: "runtime", Err: errors.New("runtime: ONNX Runtime reads no Darknet networks: leave runtime out, or say \"opencv\"")}
	}
	use, err := o.use(env)
	if err != nil {
		return nil, sum, err
	}
	var files model.Files
	if files.Weights, err = model.ReadFile(env, "model", o.Model, maxFile); err != nil {
		return nil, sum, err
	}
	if o.Config != "" {
		if files.Config, err = model.ReadFile(env, "config", o.Config, model.MaxText); err != nil {
			return nil, sum, err
		}
	}
	plan, err := model.NewPlan(files, use)
	if err != nil {
		return nil, sum, fmt.Errorf("model %s: %w", o.Model, err)
	}
	return plan, sha256.Sum256(files.Weights), nil
}

// choose returns the runtime that the options ask for.
func (r Runtimes) choose(o Options, env node.DetectorEnv) (model.Runtime, error) {
	switch {
	case o.Runtime == "opencv" || o.Config != "":
		if r.OpenCV == nil {
			return nil, fmt.Errorf("OpenCV is %w: %s", node.ErrNotBuilt, needs)
		}
		return r.OpenCV, nil
	case o.Runtime == "ort" && r.ORT == nil:
		return nil, fmt.Errorf("ONNX Runtime is %w: %s", node.ErrNotBuilt, needs)
	case o.Runtime == "ort":
		return r.ORT, r.ORT.Load()
	case r.ORT == nil:
		return r.OpenCV, nil
	}
	err := r.ORT.Load()
	if err != nil && r.Missing(err) && r.OpenCV != nil {
		env.Log.Warn("ONNX Runtime is not there: OpenCV computes instead, several times slower", "why", err)
		return r.OpenCV, nil
	}
	return r.ORT, err
}

// shared is a loaded network, for all cameras of a detector.
type shared struct {
	*node.Tuned[Options, *model.Filter]
	plan *model.Plan
	id   node.Identity

	// One of them: each picture alone, or with others.
	net   model.Network
	batch *batcher
}

// load loads the network with a library.
func (m *shared) load(rt model.Runtime, env *node.DetectorEnv, batch *Batch) (err error) {
	if batch == nil {
		m.net, err = rt.Open(m.plan.Files, model.Options{Threads: env.Threads})
		return err
	}
	s, err := newStack(rt, m.plan, env.Threads, batch.Max)
	if err != nil {
		return err
	}
	m.batch = newBatcher(batch, env.Compute, s)
	return nil
}

// Identity implements node.Identifier.
func (m *shared) Identity() node.Identity { return m.id }

// NewInstance implements node.Model. The first run of a session is slower than the others: it is made here, on a gray picture.
func (m *shared) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	if m.batch != nil {
		return &batched{m: m, lens: m.plan.NewLens()}, nil
	}
	s, err := m.net.NewSession()
	if err != nil {
		return nil, err
	}
	i := &instance{m: m, session: s, detector: m.plan.NewDetector(s)}
	w, h := m.plan.Width, m.plan.Height
	gray := frame.Plane{Width: w, Height: h, Stride: 3 * w, Channels: 3, Pix: bytes.Repeat([]byte{127}, 3*w*h)}
	if _, err := i.detector.Detect(gray, *m.Now()); err != nil {
		return nil, errors.Join(fmt.Errorf("the network does not run: %w", err), s.Close())
	}
	return i, nil
}

// Close implements node.Model.
func (m *shared) Close() error {
	if m.batch != nil {
		return m.batch.network.close()
	}
	return m.net.Close()
}
