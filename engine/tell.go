package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

// ErrEnded says that the engine does not run any more.
var ErrEnded = errors.New("the pipeline has ended")

// TellError is why a request to the engine is refused: something in it is not known or has the wrong form.
type TellError struct {
	Field string // of the request: event, camera, signal, value
	Why   string
}

// Error implements error.
func (e *TellError) Error() string { return e.Field + ": " + e.Why }

// Muted is an event that somebody does not want to hear of.
type Muted struct{ Event, Camera string } // no camera: scope pipeline

// Mute makes nobody hear of events for that long: of an event on all its cameras, of a camera's events, or of one event on one
// camera. 0 ends it. The events go on, are counted, and one that was told of is told of to its end. The error is a *TellError
// or ErrEnded.
func (e *Engine) Mute(event, camera string, d time.Duration) ([]Muted, error) {
	var out []Muted
	err := ErrEnded
	e.do(func() {
		g := e.w.Load().g
		var machines []int
		if machines, err = muting(g, event, camera); err != nil {
			return
		}
		now := e.now()
		for _, i := range machines {
			in := sched.Input{Kind: sched.InputMute, Now: now, Machine: i}
			if d > 0 {
				in.Until = now.Add(d)
			}
			e.step(in)
			m := &g.Machines[i]
			out = append(out, Muted{g.Events[m.Event].ID, g.CameraID(m.Camera)})
		}
	})
	return out, err
}

// muting returns the machines that are meant.
func muting(g *graph.Graph, event, camera string) ([]int, error) {
	if event == "" && camera == "" {
		return nil, &TellError{"event", "give an event, a camera, or both"}
	}
	if event != "" && !slices.ContainsFunc(g.Events, func(e graph.Event) bool { return e.ID == event }) {
		return nil, &TellError{"event", fmt.Sprintf("no event %q runs", event)}
	}
	if camera != "" && g.CameraIndex(camera) < 0 {
		return nil, &TellError{"camera", fmt.Sprintf("no camera %q runs", camera)}
	}
	var out []int
	for i := range g.Machines {
		m := &g.Machines[i]
		if (event == "" || g.Events[m.Event].ID == event) && (camera == "" || g.CameraID(m.Camera) == camera) {
			out = append(out, i)
		}
	}
	if len(out) == 0 && event != "" {
		return nil, &TellError{"camera", fmt.Sprintf("event %q is not watched on camera %q", event, camera)}
	}
	return out, nil
}

// Tell gives a signal of a detector that is told from outside (node.Contract.External) a value, as JSON, that was so for age:
// on one camera, or with an empty id on each that has it. The error is a *TellError or ErrEnded.
func (e *Engine) Tell(name, camera string, value json.RawMessage, age time.Duration) error {
	err := ErrEnded
	e.do(func() {
		var outputs []node.Output
		if outputs, err = telling(e.w.Load().g, name, camera, value); err != nil {
			return
		}
		now := e.now()
		e.step(sched.Input{Kind: sched.InputExternal, Now: now, Capture: max(now.Add(-age), 1), Outputs: outputs})
	})
	return err
}

// telling returns what is to be told.
func telling(g *graph.Graph, name, camera string, value json.RawMessage) ([]node.Output, error) {
	if camera != "" && g.CameraIndex(camera) < 0 {
		return nil, &TellError{"camera", fmt.Sprintf("no camera %q runs", camera)}
	}
	var out []node.Output
	known := false
	for i := range g.Cells {
		c := &g.Cells[i]
		if c.Signal != name || c.Instance < 0 || !g.Instances[c.Instance].External {
			continue
		}
		known = true
		if camera != "" && g.CameraID(c.Camera) != camera {
			continue
		}
		v, err := ParseValue(c.Type, value)
		if err != nil {
			return nil, &TellError{"value", err.Error()}
		}
		if labels := labels(g, c); len(labels) > 0 && !slices.Contains(labels, v.AsLabel()) {
			return nil, &TellError{"value", fmt.Sprintf("must be one of %q", labels)}
		}
		out = append(out, node.Output{Index: i, Value: v})
	}
	switch {
	case !known:
		return nil, &TellError{"signal", fmt.Sprintf("no signal %q is told from outside: declare it in a detector of kind external", name)}
	case len(out) == 0:
		return nil, &TellError{"camera", fmt.Sprintf("signal %q is not on camera %q", name, camera)}
	}
	return out, nil
}

// labels are the words that a signal is declared with, nil: any.
func labels(g *graph.Graph, c *graph.Cell) []string {
	for _, e := range g.Detectors[g.Instances[c.Instance].Detector].Emits {
		if c.Detector+"."+e.Name == c.Signal {
			return e.Labels
		}
	}
	return nil
}

// maxLabel bounds a label from outside, in bytes: it goes into records and metrics of others.
const maxLabel = 256

// ParseValue reads a signal's value from JSON: true or false, a number, a text. Boxes are not told from outside.
func ParseValue(t signal.Type, text json.RawMessage) (signal.Value, error) {
	bad := func(want string) (signal.Value, error) {
		return signal.Value{}, fmt.Errorf("must be %s", want)
	}
	switch t {
	case signal.TypeBool:
		var b *bool
		if json.Unmarshal(text, &b) != nil || b == nil {
			return bad("true or false")
		}
		return signal.Bool(*b), nil
	case signal.TypeInt:
		var n *int64
		if json.Unmarshal(text, &n) != nil || n == nil {
			return bad("a whole number")
		}
		return signal.Int(*n), nil
	case signal.TypeFloat:
		var x *float64
		if json.Unmarshal(text, &x) != nil || x == nil {
			return bad("a number")
		}
		return signal.Float(*x), nil
	case signal.TypeLabel:
		var s *string
		if json.Unmarshal(text, &s) != nil || s == nil || len(*s) > maxLabel {
			return bad(fmt.Sprintf("a text of at most %d bytes", maxLabel))
		}
		return signal.Label(*s), nil
	case signal.TypeNone, signal.TypeBoxes:
	}
	return bad("of a type that can be told: bool, int, float or label")
}

// cameraByID returns a camera of the graph that runs, nil: there is none. It may be called from any goroutine.
func (e *Engine) cameraByID(id string) *camera {
	for _, c := range e.w.Load().cams {
		if c.id == id {
			return c
		}
	}
	return nil
}
