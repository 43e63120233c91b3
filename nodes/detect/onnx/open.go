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
	rt, err := r.choose(o, env)
	if err != nil {
		return nil, err
	}
	net, err := rt.Open(plan.Files, model.Options{Threads: env.Threads})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", o.Model, err)
	}
	id := node.Identity{Name: filepath.Base(o.Model), SHA256: hex.EncodeToString(sum[:])}
	f := *t.Now()
	env.Log.Info("a network is loaded", "model", o.Model, "runtime", rt.Name(), "family", plan.Family.Name,
		"input", fmt.Sprintf("%dx%d", plan.Width, plan.Height), "threshold", f.Score, "labels", len(f.Labels), "sha256", id.SHA256)
	return &shared{Tuned: t, plan: plan, net: net, id: id}, nil
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
	net  model.Network
	id   node.Identity
}

// Identity implements node.Identifier.
func (m *shared) Identity() node.Identity { return m.id }

// NewInstance implements node.Model. The first run of a session is slower than the others: it is made here, on a gray picture.
func (m *shared) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
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
func (m *shared) Close() error { return m.net.Close() }

// instance is a network on one camera.
type instance struct {
	m        *shared
	session  model.Session
	detector *model.Detector
}

// Detect implements node.Instance.
func (i *instance) Detect(_ context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("onnx: run without a picture")
	}
	boxes, err := i.detector.Detect(run.Frames[len(run.Frames)-1].BGR(), *i.m.Now())
	if err != nil {
		return err
	}
	model.Publish(run, boxes)
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return i.session.Close() }
