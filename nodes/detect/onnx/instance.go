package onnx

import (
	"context"
	"errors"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// instance is a network on one camera.
type instance struct {
	m        *shared
	session  model.Session
	detector *model.Detector
}

// Detect implements node.Instance.
func (i *instance) Detect(_ context.Context, run *node.Run) error {
	pic, err := picture(run)
	if err != nil {
		return err
	}
	found, err := i.detector.Detect(pic.BGR(), *i.m.Now())
	if err != nil {
		return err
	}
	model.Publish(run, found)
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return i.session.Close() }

// batched is one camera of a network that computes the pictures of several together.
type batched struct {
	m    *shared
	lens *model.Lens
}

// Detect implements node.Instance.
func (i *batched) Detect(ctx context.Context, run *node.Run) error {
	pic, err := picture(run)
	if err != nil {
		return err
	}
	found, err := i.m.batch.detect(ctx, i.lens, *i.m.Now(), pic)
	if err != nil {
		return err
	}
	model.Publish(run, found)
	return nil
}

// Close implements node.Instance.
func (*batched) Close() error { return nil }

// picture returns the newest picture of a run.
func picture(run *node.Run) (*frame.Frame, error) {
	if len(run.Frames) == 0 {
		return nil, errors.New("onnx: run without a picture")
	}
	return run.Frames[len(run.Frames)-1], nil
}
