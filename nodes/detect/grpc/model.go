package grpc

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
	"rvo.dev/nodes/detect/remote"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// pool opens detectors over connections that they share.
type pool struct{ remote.Pool }

// asked is a detector's service.
type asked struct {
	env     node.DetectorEnv
	options Options // as it was opened; of sending those that hold now
	*node.Tuned[Options, sending]
	signals []declared
	conn    *remote.Conn
	client  detectv1.DetectorClient

	// unary is set once the service said that it has no DetectStream, until the connection is lost: another may come back.
	unary atomic.Bool

	// Said is which model the service last said it is.
	remote.Said
}

// model returns the service behind these options. It does not wait for it: a service may come later than we do.
func (p *pool) model(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	emits, err := o.emits()
	if err != nil {
		return nil, err
	}
	m := &asked{env: env, options: o.completed()}
	if m.Tuned, err = node.NewTuned(o, Options.sending); err != nil {
		return nil, err
	}
	for _, e := range emits {
		m.signals = append(m.signals, declared{e, o.Signals[e.Name].Wire})
	}
	if m.conn, err = p.Connect(&env.Env, m.options.channel()); err != nil {
		return nil, err
	}
	m.client = detectv1.NewDetectorClient(m.conn)
	return m, nil
}

// NewInstance implements node.Model.
func (m *asked) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	return &instance{asked: m, camera: string(env.Camera)}, nil
}

// Close implements node.Model.
func (m *asked) Close() error { return m.conn.Close() }

// instance is the service on one camera.
type instance struct {
	*asked
	camera string
	stream stream
}

// Close implements node.Instance.
func (i *instance) Close() error {
	i.stream.close()
	return nil
}

// Detect implements node.Instance.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	f := run.Frames[len(run.Frames)-1]
	ctx, deadline, timed, cancel := remote.Reserve(ctx)
	defer cancel()
	request, err := i.request(f)
	if err != nil {
		return remote.Fail(remote.HopClient, remote.CauseEncode, err)
	}
	if err := remote.Live(ctx); err != nil {
		return err
	}
	i.conn.Wake(ctx)
	if timed {
		request.BudgetNs = uint64(max(time.Until(deadline), 1))
	}
	answer, err := i.ask(ctx, request, run.Now)
	if err != nil {
		why := remote.Failed(ctx, err)
		if why.Hop == remote.HopNetwork {
			i.unary.Store(false) // whoever comes back may be another version
		}
		return why
	}
	if id := answer.GetFrameId(); id != 0 && id != f.Seq {
		i.stream.end() // answers and pictures are out of step
		return remote.Fail(remote.HopAnswer, remote.CauseFrame, fmt.Errorf("it is for picture %d, asked was about %d", id, f.Seq))
	}
	i.note(answer.GetModel())
	return take(run, i.signals, answer, time.Duration(i.env.Now()-f.Capture))
}

// ask sends the question over the camera's stream, or as a call of its own where the service has no streams, or where the
// pipeline says how calls are balanced and retried.
func (i *instance) ask(ctx context.Context, r *detectv1.DetectRequest, now tick.Time) (*detectv1.DetectResponse, error) {
	if i.options.ServiceConfig == "" && !i.unary.Load() {
		answer, err := i.stream.ask(ctx, i.client, r, now)
		if !unimplemented(err) {
			return answer, err
		}
		i.unary.Store(true)
	}
	return i.client.Detect(ctx, r)
}

// note logs which model answers, when it is another than before.
func (m *asked) note(by *detectv1.Model) {
	if by != nil && m.Note(node.Identity{Name: by.GetName(), Version: by.GetVersion(), SHA256: by.GetSha256()}) {
		is := m.Identity()
		m.env.Log.Info("a model answers", "model", is.Name, "version", is.Version, "sha256", is.SHA256)
	}
}
