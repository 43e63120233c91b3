package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// silence is for how long nothing may come before a file is given up: a slow line is no reason, a dead one is.
const silence = time.Minute

// get asks for a file. What is read of it fails when nothing comes for p.Silence.
func (p *Puller) get(ctx context.Context, url string) (io.ReadCloser, error) {
	most := p.Silence
	if most == 0 {
		most = silence
	}
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	timer := time.AfterFunc(most, func() { cancel(fmt.Errorf("%s: nothing came for %v", url, most)) })
	b := &body{ctx: ctx, cancel: cancel, timer: timer, most: most}
	resp, err := p.Client.Do(req) //nolint:bodyclose // body.Close does
	if err != nil {
		b.end()
		return nil, b.why(err) // it names the address
	}
	b.of = resp.Body
	if resp.StatusCode != http.StatusOK {
		_ = b.Close()
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return b, nil
}

// body is what comes of a file.
type body struct {
	of     io.ReadCloser
	ctx    context.Context //nolint:containedctx // its cause says why a read failed
	cancel context.CancelCauseFunc
	timer  *time.Timer
	most   time.Duration
}

// Read implements io.Reader.
func (b *body) Read(to []byte) (int, error) {
	n, err := b.of.Read(to)
	if n > 0 {
		b.timer.Reset(b.most)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.why(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.end()
	return b.of.Close()
}

func (b *body) end() {
	b.timer.Stop()
	b.cancel(nil)
}

// why returns the reason for which a request was given up, err where it was for another.
func (b *body) why(err error) error {
	if cause := context.Cause(b.ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}
