package kserve

import (
	"context"
	"errors"
	"fmt"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/detect/remote"
	"rvo.dev/nodes/model"
)

// instance is the model on one camera.
type instance struct {
	*served

	// What was made for known and use; it is made anew for others.
	known  *known
	use    *model.PlanOptions
	lens   *model.Lens
	filter *model.Filter
	out    []model.Tensor
	bytes  []byte
}

// Close implements node.Instance.
func (*instance) Close() error { return nil }

// Detect implements node.Instance.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("kserve: run without a picture")
	}
	ctx, _, _, cancel := remote.Reserve(ctx)
	defer cancel()
	if err := remote.Live(ctx); err != nil {
		return err
	}
	use := i.Now()
	k, err := i.learn(ctx, use)
	if err != nil {
		return err
	}
	if err := i.prepare(k, use); err != nil {
		return err
	}
	found, err := i.ask(ctx, run)
	if err != nil {
		if mayHaveChanged(err) {
			i.forget(k)
		}
		return err
	}
	model.Publish(run, found)
	return nil
}

// prepare makes what a run needs of the model, where it is another than in the last run, or used in another way.
func (i *instance) prepare(k *known, use *model.PlanOptions) error {
	if i.known == k && i.use == use {
		return nil
	}
	filter, err := k.plan.Filter(*use)
	if err != nil {
		return remote.Fail(remote.HopAnswer, remote.CauseModel, fmt.Errorf("%s: %w", i.name(), err))
	}
	if i.known != k {
		i.lens, i.out = k.plan.NewLens(), nil
	}
	i.known, i.use, i.filter = k, use, filter
	return nil
}

// ask sends a picture and returns what is found in it.
func (i *instance) ask(ctx context.Context, run *node.Run) ([]signal.Box, error) {
	in, err := i.lens.Feed(run.Frames[len(run.Frames)-1].BGR())
	if err != nil {
		return nil, remote.Fail(remote.HopClient, remote.CauseEncode, err)
	}
	q, bytes := request(i.o.Model, i.o.Version, in, i.bytes)
	i.bytes = bytes
	if err := remote.Live(ctx); err != nil {
		return nil, err
	}
	i.conn.Wake(ctx)
	a, err := i.client.ModelInfer(ctx, q)
	if err != nil {
		return nil, remote.Failed(ctx, err)
	}
	if i.out, err = tensors(a, i.known.outputs, i.out); err != nil {
		return nil, remote.Fail(remote.HopAnswer, remote.CauseGarbage, err)
	}
	found, err := i.lens.Read(i.out, i.filter)
	if err != nil {
		return nil, remote.Fail(remote.HopAnswer, remote.CauseGarbage, err)
	}
	i.note(a)
	return found, nil
}

// mayHaveChanged reports whether the server may have another model than before: it was away, gave what was not agreed on, or
// refused the question.
func mayHaveChanged(err error) bool {
	f, ok := errors.AsType[*node.Failure](err)
	return ok && (f.Hop == remote.HopNetwork || f.Hop == remote.HopAnswer || f.Cause == remote.CauseError)
}
