//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

func openHTTP(t turns) func(node.CameraEnv, HTTPOptions) (node.Source, error) {
	return func(env node.CameraEnv, o HTTPOptions) (node.Source, error) {
		timeout, err := duration("timeout", o.Timeout, defaultTimeout)
		if err != nil {
			return nil, err
		}
		return &httpSource{turns: t, env: env, login: login{o.URL, o.User, o.Password}, timeout: timeout}, nil
	}
}

type httpSource struct {
	turns   turns
	env     node.CameraEnv
	login   login
	timeout time.Duration
}

// Open implements node.Source.
func (s *httpSource) Open(ctx context.Context) (node.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.login.resolve(s.env.Env)
	if err != nil {
		return nil, err
	}
	if err := reach(ctx, t, s.timeout); err != nil {
		return nil, fmt.Errorf("%s: %w", t.shown, t.clean(err))
	}
	c, err := s.turns.open(ctx, t.url, "", s.timeout)
	if errors.Is(err, errOpen) {
		err = explainHTTP(ctx, t, s.timeout)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.shown, t.clean(err))
	}
	if describe(c).Frames == 0 {
		return newLive(c, t.shown, fmt.Sprintf("no picture within %s, or the server ended the stream", s.timeout)), nil
	}
	// It has a length, so it is a file: it comes as fast as the network gives it and has to be paced.
	first := c
	return newClip(ctx, clipOptions{
		name: t.shown,
		loop: s.env.Loop,
		fps:  s.env.FPS,
		pace: true,
		log:  s.env.Log,
		open: func(ctx context.Context) (*capture, error) {
			if c := first; c != nil {
				first = nil
				return c, nil
			}
			c, err := s.turns.open(ctx, t.url, "", s.timeout)
			if errors.Is(err, errOpen) {
				return nil, errors.New("the server no longer gives the video")
			}
			return c, err
		},
	})
}
