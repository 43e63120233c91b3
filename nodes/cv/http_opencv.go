//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

func openHTTP() func(node.CameraEnv, HTTPOptions) (node.Source, error) {
	return func(env node.CameraEnv, o HTTPOptions) (node.Source, error) {
		timeout, err := duration("timeout", o.Timeout, defaultTimeout)
		if err != nil {
			return nil, err
		}
		return &httpSource{env: env, login: login{o.URL, o.User, o.Password}, timeout: timeout}, nil
	}
}

type httpSource struct {
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
	c, err := captureURI(t.url, "", bound(ctx, s.timeout))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.shown, t.clean(explainHTTP(ctx, t, s.timeout)))
	}
	if describe(c).Frames == 0 {
		return newLive(c, t.shown, fmt.Sprintf("no picture within %s, or the server ended the stream", s.timeout)), nil
	}
	// It has a length, so it is a file: it comes as fast as the network gives it and has to be paced.
	first := c
	return newClip(clipOptions{
		name: t.shown,
		loop: s.env.Loop,
		fps:  s.env.FPS,
		pace: true,
		log:  s.env.Log,
		open: func() (*capture, error) {
			if c := first; c != nil {
				first = nil
				return c, nil
			}
			c, err := captureURI(t.url, "", s.timeout)
			if err != nil {
				return nil, errors.New("the server no longer gives the video")
			}
			return c, nil
		},
	})
}
