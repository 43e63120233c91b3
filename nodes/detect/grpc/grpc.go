// Package grpc is the detector kind whose model runs somewhere else: a service that speaks rvo.detect.v1.
//
//	detectors: people: {fps: 5, timeout: "200ms", grpc: {endpoint: "http://models:50051", signals: person_detected: type: "int"}}
//
// A run sends one picture and waits for the answer; it takes no CPU slot, and the core never waits. The time that is left of
// the run travels as the call's deadline, and what has no time left is not sent. The time of a value is that of the picture.
// Detectors with the same endpoint and credentials share one connection, made when the first picture goes out. docs/remote.md
// is the user's manual.
//
// The package says no go; gRPC runs goroutines for a connection from its first use until the last detector on it is closed.
package grpc

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/detect/remote"
)

//go:embed options.cue
var optionsCUE string

// cost is what a small model on the same network takes: the way there and back, and 20 ms of work.
const cost = 25 * time.Millisecond

// Kind returns the grpc detector. The detectors of one Kind share connections.
func Kind() node.Kind {
	p := &pool{}
	return node.Detector(node.Contract{
		Name: "grpc",
		Doc: "asks a model that runs somewhere else, as a service that speaks rvo.detect.v1 over gRPC. The stated cost is a small " +
			"model's on the same network; `cost` says what yours takes",
		Options:   optionsCUE + remote.TLSSchema(),
		Endpoints: []string{"endpoint"},
		Reads:     []string{"tls.ca", "tls.cert"},
		Secrets:   []string{"token", "tls.key"},
		Emits:     emits,
		Cost:      cost,
		Blocking:  true,
		Changes: map[string]node.Change{
			"format": node.Retune, "quality": node.Retune,
			"endpoint": node.Replace, "signals": node.Replace, "tls": node.Replace, "token": node.Replace,
			"serviceConfig": node.Replace, "maxMessage": node.Replace, "keepalive": node.Replace,
		},
	}, p.model)
}

// Options are what stands under the kind's key. Zero values stand for the defaults.
type Options struct {
	Endpoint      string            `json:"endpoint"`
	Signals       map[string]Signal `json:"signals"`
	TLS           *remote.TLS       `json:"tls"`
	Token         *node.Secret      `json:"token"`
	Format        string            `json:"format"`
	Quality       int               `json:"quality"`
	ServiceConfig string            `json:"serviceConfig"`
	MaxMessage    node.Bytes        `json:"maxMessage"`
	Keepalive     node.Duration     `json:"keepalive"`
}

// Signal is a signal of the service.
type Signal struct {
	Type   string   `json:"type"`
	Wire   string   `json:"wire"`
	Min    *float64 `json:"min"`
	Max    *float64 `json:"max"`
	Labels []string `json:"labels"`
}

// completed returns the options with the defaults of options.cue.
func (o Options) completed() Options {
	if o.Format == "" {
		o.Format = formatJPEG
	}
	if o.Quality == 0 {
		o.Quality = 90 // as evidence has it, so that both share one encoding
	}
	c := o.channel().Completed()
	o.MaxMessage, o.Keepalive = c.MaxMessage, c.Keepalive
	return o
}

// channel is the way to the service.
func (o *Options) channel() remote.Channel {
	return remote.Channel{
		Endpoint: o.Endpoint, TLS: o.TLS, Token: o.Token, ServiceConfig: o.ServiceConfig, MaxMessage: o.MaxMessage, Keepalive: o.Keepalive,
	}
}

// emits returns the signals in the order of their names. It refuses options that contradict each other, so that vet does.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return o.emits()
}

func (o *Options) emits() ([]node.Emit, error) {
	if len(o.Signals) == 0 {
		return nil, errors.New(`no signals: say what the service gives, such as signals: person_detected: type: "int"`)
	}
	var out []node.Emit
	wire := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o.Signals)) {
		s := o.Signals[name]
		t, err := signal.ParseType(s.Type)
		if err != nil {
			return nil, fmt.Errorf("signal %q: %w", name, err)
		}
		if other, ok := wire[s.Wire]; ok && s.Wire != "" {
			return nil, fmt.Errorf("signals %q and %q both have the wire name %q: one value is one signal", other, name, s.Wire)
		}
		wire[s.Wire] = name
		e := node.Emit{Name: name, Type: t, Doc: "as the service says", Labels: s.Labels}
		if s.Min != nil && s.Max != nil {
			if *s.Max < *s.Min {
				return nil, fmt.Errorf("signal %q: min %g is above max %g", name, *s.Min, *s.Max)
			}
			e.Min, e.Max = *s.Min, *s.Max
		}
		out = append(out, e)
	}
	return out, nil
}

// check reports options that contradict each other.
func (o *Options) check() error {
	c := o.channel()
	if err := c.Check(); err != nil {
		return err
	}
	switch {
	case o.Format != "" && !known(o.Format):
		return fmt.Errorf("format %q: must be one of jpeg, bgr, rgb, gray, nv12", o.Format)
	case o.Quality < 0 || o.Quality > 100:
		return fmt.Errorf("quality %d: must be 1 to 100", o.Quality)
	}
	return nil
}
