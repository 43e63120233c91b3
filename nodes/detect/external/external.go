// Package external is the detector kind whose signals are told from outside of the program: a door contact, a light barrier,
// an alarm system, somebody's own software.
//
//	detectors: door: {fps: 1, external: signals: open: {type: "bool", ttl: "24h"}}
//
// Who knows posts it to /api/v1/signals/door.open with the token. It is never run; fps is how often the other side says it at the
// least, which only the default ttl follows from. The package reads no clock and starts no goroutine.
package external

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the external detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:    "external",
		Doc:     "signals that are told from outside, by a POST with the token to /api/v1/signals/NAME",
		Options: optionsCUE,
		// The signals are what conditions are compiled against; to open it anew costs nothing.
		Changes:  map[string]node.Change{"signals": node.Replace},
		Emits:    emits,
		Cost:     time.Microsecond,
		NoFrame:  true,
		External: true,
	}, open)
}

// Options are what stands under the kind's key.
type Options struct {
	Signals map[string]Signal `json:"signals"`
}

// Signal declares one signal.
type Signal struct {
	Type   string        `json:"type"`
	TTL    node.Duration `json:"ttl"` // 0: three periods of fps
	Labels []string      `json:"labels"`
}

// emits returns the declared signals in the order of their names: a map has none.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	return o.emits()
}

func (o *Options) emits() ([]node.Emit, error) {
	var all []node.Emit
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.Signals)) {
		s := o.Signals[name]
		t, err := signal.ParseType(s.Type)
		switch {
		case err != nil:
		case t == signal.TypeBoxes:
			err = errors.New("boxes are found on pictures: tell how many there are as an int")
		case signal.NameOf(name) != name:
			err = errors.New("a name is lower case letters, digits and _, a letter first")
		case len(s.Labels) > 0 && t != signal.TypeLabel:
			err = fmt.Errorf("labels are for label, not for %s", t)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("signal %q: %w", name, err))
		}
		all = append(all, node.Emit{Name: name, Type: t, TTL: s.TTL.D(), Labels: s.Labels, Doc: "as told from outside"})
	}
	if len(all) == 0 {
		errs = append(errs, errors.New("signals: declare at least one"))
	}
	return all, errors.Join(errs...)
}

func open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	if _, err := o.emits(); err != nil {
		return nil, fmt.Errorf("detector %q: external: %w", env.ID, err)
	}
	return silent{}, nil
}

// silent is model and instance at once: what is told goes to the core directly.
type silent struct{}

// NewInstance implements node.Model.
func (silent) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return silent{}, nil
}

// Detect implements node.Instance. It is not called by the engine, and says nothing.
func (silent) Detect(context.Context, *node.Run) error { return nil }

// Close implements node.Model and node.Instance.
func (silent) Close() error { return nil }
