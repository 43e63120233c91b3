package onnx

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// maxFile bounds what is read as a network: a wrong path must not fill the memory.
const maxFile = 1 << 30

func (r Runtimes) open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	plan, err := o.plan(env.Env)
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
	env.Log.Info("a network is loaded", "model", o.Model, "runtime", rt.Name(), "family", plan.Family.Name,
		"input", fmt.Sprintf("%dx%d", plan.Width, plan.Height), "threshold", plan.Score, "labels", len(plan.Labels))
	return &shared{plan: plan, net: net, keep: o.Keep}, nil
}

// plan reads the files. It needs no runtime.
func (o *Options) plan(env node.Env) (*model.Plan, error) {
	p := model.PlanOptions{Family: o.Family, InputSize: o.InputSize, Score: o.Threshold, Overlap: o.Overlap}
	var err error
	if p.Labels, err = model.ReadLabels(env, o.Labels, o.LabelsFile); err != nil {
		return nil, err
	}
	var files model.Files
	if files.Weights, err = model.ReadFile(env, "model", o.Model, maxFile); err != nil {
		return nil, err
	}
	if o.Config != "" {
		if files.Config, err = model.ReadFile(env, "config", o.Config, model.MaxText); err != nil {
			return nil, err
		}
	}
	plan, err := model.NewPlan(files, p)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", o.Model, err)
	}
	return plan, plan.CheckKeep(o.Keep)
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
	plan *model.Plan
	net  model.Network
	keep []string
}

// NewInstance implements node.Model. The first run of a session is slower than the others: it is made here, on a gray picture.
func (m *shared) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	s, err := m.net.NewSession()
	if err != nil {
		return nil, err
	}
	i := &instance{m: m, session: s, detector: m.plan.NewDetector(s)}
	w, h := m.plan.Width, m.plan.Height
	gray := frame.Plane{Width: w, Height: h, Stride: 3 * w, Channels: 3, Pix: bytes.Repeat([]byte{127}, 3*w*h)}
	if _, err := i.detector.Detect(gray); err != nil {
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
	boxes, err := i.detector.Detect(run.Frames[len(run.Frames)-1].BGR())
	if err != nil {
		return err
	}
	model.Publish(run, boxes, i.m.keep)
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return i.session.Close() }
