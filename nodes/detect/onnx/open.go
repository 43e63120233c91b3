package onnx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/model"
)

// maxFile bounds what is read as a network, maxText what is read as text: a wrong path must not fill the memory.
const (
	maxFile = 1 << 30
	maxText = 4 << 20
)

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
	p := model.PlanOptions{Family: o.Family, InputSize: o.InputSize, Score: o.Threshold, Overlap: o.Overlap, Labels: o.Labels}
	if len(o.Labels) > 0 && o.LabelsFile != "" {
		return nil, &model.OptionError{Option: "labels", Err: errors.New("labels and labelsFile: give one of them")}
	}
	var files model.Files
	var err error
	if files.Weights, err = read(env, "model", o.Model, maxFile); err != nil {
		return nil, err
	}
	if o.Config != "" {
		if files.Config, err = read(env, "config", o.Config, maxText); err != nil {
			return nil, err
		}
	}
	if o.LabelsFile != "" {
		text, err := read(env, "labelsFile", o.LabelsFile, maxText)
		if err != nil {
			return nil, err
		}
		p.Labels = lines(text)
	}
	plan, err := model.NewPlan(files, p)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", o.Model, err)
	}
	for _, k := range o.Keep {
		if !slices.Contains(plan.Labels, k) {
			return nil, &model.OptionError{Option: "keep", Err: fmt.Errorf("keep: the network has no label %q: it has %s", k, some(plan.Labels))}
		}
	}
	return plan, nil
}

// some lists labels, not all of a thousand.
func some(labels []string) string {
	const most = 20
	if len(labels) > most {
		return strings.Join(labels[:most], ", ") + fmt.Sprintf(" and %d more", len(labels)-most)
	}
	return strings.Join(labels, ", ")
}

func read(env node.Env, option, path string, most int64) ([]byte, error) {
	full, err := env.InputPath(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", option, err)
	case len(b) == 0:
		return nil, fmt.Errorf("%s: %s is empty", option, path)
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s: %s is larger than %d MiB", option, path, most>>20)
	}
	return b, nil
}

// lines are the lines of a file, without empty ones at its end.
func lines(b []byte) []string {
	var out []string
	for l := range bytes.Lines(bytes.TrimRight(b, " \t\r\n")) {
		out = append(out, string(bytes.TrimSpace(l)))
	}
	return out
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
	if len(i.m.keep) > 0 {
		boxes = slices.DeleteFunc(boxes, func(b signal.Box) bool { return !slices.Contains(i.m.keep, b.Label) })
	}
	best := 0.0
	if len(boxes) > 0 {
		best = float64(boxes[0].Score)
	}
	run.Set("count", signal.Int(int64(len(boxes))))
	run.Set("boxes", signal.Boxes(boxes))
	run.Set("best", signal.Float(best))
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return i.session.Close() }
