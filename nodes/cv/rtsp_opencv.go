//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

func openRTSP(t turns) func(node.CameraEnv, RTSPOptions) (node.Source, error) {
	return func(env node.CameraEnv, o RTSPOptions) (node.Source, error) {
		timeout, err := duration("timeout", o.Timeout, defaultTimeout)
		if err != nil {
			return nil, err
		}
		transport, err := o.transport()
		if err != nil {
			return nil, err
		}
		return &rtspSource{turns: t, env: env.Env, login: login{o.URL, o.User, o.Password}, transport: transport, timeout: timeout}, nil
	}
}

// analysis bounds how long FFmpeg watches a stream to guess its rate before it hands out the first picture. Its own five
// seconds may exceed the timeout, and then the stream opens and dies at the first read; the rate is measured anyway.
const analysis = "|analyzeduration;500000|fpsprobesize;0"

type rtspSource struct {
	turns     turns
	env       node.Env
	login     login
	transport string
	timeout   time.Duration
}

// Open implements node.Source.
func (s *rtspSource) Open(ctx context.Context) (node.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.login.resolve(s.env)
	if err != nil {
		return nil, err
	}
	if err := reach(ctx, t, s.timeout); err != nil {
		return nil, fmt.Errorf("%s: %w", t.shown, t.clean(err))
	}
	c, err := s.turns.open(ctx, t.url, "rtsp_transport;"+s.transport+analysis, s.timeout)
	if errors.Is(err, errOpen) {
		err = explainRTSP(ctx, t, s.timeout)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.shown, t.clean(err))
	}
	return newLive(c, t.shown, fmt.Sprintf("no picture within %s, or the camera ended the stream", s.timeout)), nil
}
