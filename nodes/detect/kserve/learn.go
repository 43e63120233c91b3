package kserve

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/nodes/detect/remote"
	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// fp32 is the type of tensors that networks here take and give.
const fp32 = "FP32"

// known is what a server said of a model, and how it is used therefore.
type known struct {
	plan    *model.Plan
	outputs []model.Info // in the server's order
}

// learn returns what is known of the model, asking the server where nothing is. Cameras that ask at the same time each do so:
// that is once after a start and costs less than to wait for one another.
func (m *served) learn(ctx context.Context, use *model.PlanOptions) (*known, error) {
	if k := m.known.Load(); k != nil {
		return k, nil
	}
	m.conn.Wake(ctx)
	ready, err := m.client.ModelReady(ctx, &inferencev2.ModelReadyRequest{Name: m.o.Model, Version: m.o.Version})
	switch {
	case status.Code(err) == codes.Unimplemented: // then its metadata says enough
	case err != nil:
		return nil, remote.Failed(ctx, err)
	case !ready.GetReady():
		return nil, remote.Fail(remote.HopServer, remote.CauseUnwell, fmt.Errorf("%s is not ready", m.name()))
	}
	said, err := m.client.ModelMetadata(ctx, &inferencev2.ModelMetadataRequest{Name: m.o.Model, Version: m.o.Version})
	if err != nil {
		return nil, remote.Failed(ctx, err)
	}
	k, err := read(said, use)
	if err != nil {
		return nil, remote.Fail(remote.HopAnswer, remote.CauseModel, fmt.Errorf("%s: %w", m.name(), err))
	}
	if m.known.CompareAndSwap(nil, k) {
		m.log.Info("a model server has the network", "model", m.o.Model, "platform", said.GetPlatform(), "family", k.plan.Family.Name,
			"input", fmt.Sprintf("%dx%d", k.plan.Width, k.plan.Height))
	}
	return k, nil
}

// forget makes the next run ask the server again, for the model may have been changed.
func (m *served) forget(k *known) { m.known.CompareAndSwap(k, nil) }

// read checks that the model is one that can be used as the options say.
func read(said *inferencev2.ModelMetadataResponse, use *model.PlanOptions) (*known, error) {
	in, err := infos("input", said.GetInputs())
	if err != nil {
		return nil, err
	}
	out, err := infos("output", said.GetOutputs())
	if err != nil {
		return nil, err
	}
	if len(in) == 0 || len(out) == 0 {
		return nil, errors.New("the server names no inputs or no outputs of it")
	}
	plan, err := model.PlanOf(in, out, *use)
	if err != nil {
		return nil, err
	}
	return &known{plan, out}, nil
}

// maxAxes bounds the axes of a tensor: more than networks have.
const maxAxes = 8

// infos returns what a server says of tensors.
func infos(what string, said []*inferencev2.ModelMetadataResponse_TensorMetadata) ([]model.Info, error) {
	var out []model.Info
	for _, s := range said {
		i := model.Info{Name: s.GetName()}
		if s.GetDatatype() != fp32 {
			return nil, fmt.Errorf("%s %s is of type %s, must be %s", what, i.Name, s.GetDatatype(), fp32)
		}
		if len(s.GetShape()) > maxAxes {
			return nil, fmt.Errorf("%s %s has %d axes, must have at most %d", what, i.Name, len(s.GetShape()), maxAxes)
		}
		for _, n := range s.GetShape() {
			if n < 1 || n > maxNumbers {
				n = -1
			}
			i.Shape = append(i.Shape, int(n))
		}
		out = append(out, i)
	}
	return out, nil
}
