// Package scripted is the detector kind that says what the pipeline tells it to, when it tells it to: for trying out
// events without waiting for somebody to walk past, and for seeing what happens when a detector fails.
//
//	detectors: door: {fps: 10, scripted: {
//		signals: open: type: "bool"
//		timeline: [{at: "0s", set: open: false}, {at: "2s", set: open: true}, {at: "9s", fail: "cable cut"}]
//	}}
//
// A run gives the values in force at its start, counted in core time from the instance's first run, so a test on a
// virtual clock sees them to the nanosecond. It looks at no picture, so it speaks while a camera is down; its values
// carry the time of the run. The package reads no clock and starts no goroutine.
package scripted

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
	"rvo.dev/engine/tick"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the scripted detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name:    "scripted",
		Doc:     "signals that follow a timeline written in the pipeline, with failures, panics, silence and hangs",
		Options: optionsCUE,
		// Other signals are another detector, and who edits a timeline wants to see it from its beginning.
		Changes: map[string]node.Change{"signals": node.Replace, "timeline": node.Replace, "loop": node.Replace},
		Emits:   emits,
		Cost:    time.Microsecond,
		NoFrame: true,
	}, open)
}

// Options are what stands under the kind's key.
type Options struct {
	Signals  map[string]Signal `json:"signals"`
	Timeline []Entry           `json:"timeline"`
	Loop     node.Duration     `json:"loop"` // 0: no
}

// Signal declares one signal.
type Signal struct {
	Type   string   `json:"type"`
	Min    *float64 `json:"min"`
	Max    *float64 `json:"max"`
	Labels []string `json:"labels"`
}

// Entry is one moment of the timeline. At most one of Fail, Panic, Silent and Hang is set; it lasts until the next
// entry, while values last until they are set again.
type Entry struct {
	At     node.Duration              `json:"at"`
	Set    map[string]json.RawMessage `json:"set"`
	Fail   string                     `json:"fail"`
	Panic  string                     `json:"panic"`
	Silent bool                       `json:"silent"`
	Hang   node.Duration              `json:"hang"`
}

// emits refuses what open does, the timeline too, so that vet finds it.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	all, _, err := o.compile()
	return all, err
}

func (o *Options) compile() ([]node.Emit, []step, error) {
	all, err := o.emits()
	if err != nil {
		return nil, nil, err
	}
	s, err := steps(o, all)
	if err != nil {
		return nil, nil, err
	}
	return all, s, nil
}

// emits returns the declared signals in the order of their names: a map has none.
func (o *Options) emits() ([]node.Emit, error) {
	var all []node.Emit
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.Signals)) {
		s := o.Signals[name]
		t, err := signal.ParseType(s.Type)
		e := node.Emit{Name: name, Type: t, Labels: s.Labels, Doc: "as the timeline says"}
		switch ordered := t == signal.TypeInt || t == signal.TypeFloat; {
		case err != nil:
		case !word(name):
			err = errors.New("a name is lower case letters, digits and _, a letter first")
		case (s.Min == nil) != (s.Max == nil):
			err = errors.New("min and max: give both or neither")
		case s.Min != nil && !ordered:
			err = fmt.Errorf("min and max are for int and float, not for %s", t)
		case s.Min != nil && *s.Min >= *s.Max:
			err = fmt.Errorf("min %g: must be below max %g", *s.Min, *s.Max)
		case len(s.Labels) > 0 && t != signal.TypeLabel:
			err = fmt.Errorf("labels are for label, not for %s", t)
		case s.Min != nil:
			e.Min, e.Max = *s.Min, *s.Max
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("signal %q: %w", name, err))
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		errs = append(errs, errors.New("signals: declare at least one, or use the dummy kind"))
	}
	return all, errors.Join(errs...)
}

// word reports whether conditions can name the signal.
func word(s string) bool {
	for i, c := range []byte(s) {
		if letter := c >= 'a' && c <= 'z'; !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func open(_ context.Context, env node.DetectorEnv, o Options) (node.Model, error) {
	all, steps, err := o.compile()
	if err != nil {
		return nil, fmt.Errorf("detector %q: scripted: %w", env.ID, err)
	}
	return &model{emits: all, steps: steps, loop: o.Loop.D()}, nil
}

// model is the timeline; instances only know when they began.
type model struct {
	emits []node.Emit
	steps []step
	loop  time.Duration
}

// NewInstance implements node.Model.
func (m *model) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return &instance{model: m, began: tick.Never}, nil
}

// Close implements node.Model.
func (m *model) Close() error { return nil }

type instance struct {
	*model
	began tick.Time // of the first run, tick.Never before it
}

// Detect implements node.Instance.
func (i *instance) Detect(_ context.Context, run *node.Run) error {
	if i.began == tick.Never {
		i.began = run.Now
	}
	s := i.at(run.Now.Sub(i.began))
	if s == nil {
		return nil
	}
	switch {
	case s.fail != "":
		return errors.New(s.fail)
	case s.panic != "":
		panic(s.panic)
	case s.silent:
		return nil
	case s.hang > 0:
		time.Sleep(s.hang) // deaf to the context, as a driver that is stuck
	}
	for n, v := range s.values {
		if v.Type() != signal.TypeNone {
			run.Set(i.emits[n].Name, v)
		}
	}
	return nil
}

// Close implements node.Instance.
func (i *instance) Close() error { return nil }
