package cli

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"time"

	"rvo.dev/cmd/rvo/internal/models"
	"rvo.dev/dsl/vet"
)

const (
	// dialFor is how long an endpoint may take to answer: a camera on the same site takes milliseconds.
	dialFor = 2 * time.Second
	// dialAll is how long all together may; after it each gets dialLate, so that a site whose network is down is told of soon.
	dialAll  = 20 * time.Second
	dialLate = 200 * time.Millisecond
)

// look lets vet look at this machine: its files, secrets, disk and who answers.
func (a *app) look(ctx context.Context, opts *vet.Options) {
	opts.Env, opts.Free = true, vet.FreeBytes
	// Where a run would write, whatever the pipeline's name is: one disk holds them all.
	if dir, err := stateDir("", "vet", a.Env); err == nil {
		opts.StateDir = filepath.Dir(dir)
	}
	if s, err := models.DefaultStore(); err == nil { // without one nothing was pulled
		opts.Models = s.Models
	}
	var waited time.Duration
	opts.Dial = func(address string) error {
		began := a.Now()
		d := net.Dialer{Timeout: dialFor}
		if waited > dialAll {
			d.Timeout = dialLate
		}
		c, err := d.DialContext(ctx, "tcp", address)
		waited += a.Now().Sub(began)
		if err != nil {
			return reason(err)
		}
		return c.Close()
	}
}

// reason returns why an address did not answer without repeating the address.
func reason(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		if e.Timeout() {
			return errors.New("no answer in time")
		}
		return e.Err
	}
	return err
}
