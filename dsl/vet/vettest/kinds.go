package vettest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// pathOptions are those of kinds with a path.
type pathOptions struct {
	Path string `json:"path"`
}

// rtspOptions are those of the network camera.
type rtspOptions struct {
	URL      string       `json:"url"`
	User     string       `json:"user"`
	Password *node.Secret `json:"password"`
}

// webhookOptions are those of the sink that talks to somebody else.
type webhookOptions struct {
	URL   string       `json:"url"`
	Token *node.Secret `json:"token"`
}

// motionOptions are those of the cheap detector.
type motionOptions struct {
	Threshold float64 `json:"threshold"`
}

// peopleOptions are those of the costly detector.
type peopleOptions struct {
	Labels []string `json:"labels"`
}

var errVetOnly = errors.New("kinds of vettest are for vet and open nothing")

// Kinds returns a set of kinds that look like real ones and cannot be opened: cameras rtsp (live) and file; detectors
// motion (level float, boxes, still bool), people (count int, posture label), remote (blocking; busy bool) and clock
// (no picture; night bool) and plain (no cost; seen bool); sinks stdout, jsonl and webhook.
func Kinds(t testing.TB) *node.Set {
	t.Helper()
	set, err := node.NewSet(
		node.Camera(node.Contract{
			Name: "rtsp", Doc: "a network camera", Live: true, Exclusive: true, Endpoints: []string{"url"}, Secrets: []string{"password"},
			Options: `#Options: {url!: =~"^rtsps?://" | error("must start with rtsp:// or rtsps://"), user?: string, password?: #Secret}`,
		}, func(node.CameraEnv, rtspOptions) (node.Source, error) { return nil, errVetOnly }),
		node.Camera(node.Contract{Name: "file", Doc: "a video file", Options: `#Options: {path!: string}`, Reads: []string{"path"}},
			func(node.CameraEnv, pathOptions) (node.Source, error) { return nil, errVetOnly }),
		detector("motion", "level of change", `#Options: {threshold: *0.1 | #Unit}`, motionOptions{}, 2*time.Millisecond,
			node.Emit{Name: "level", Type: signal.TypeFloat, Min: 0, Max: 1}, node.Emit{Name: "boxes", Type: signal.TypeBoxes},
			node.Emit{Name: "still", Type: signal.TypeBool}),
		people(),
		blocking(),
		clock(),
		network(),
		detector("plain", "of unknown cost", `#Options: {}`, struct{}{}, 0, node.Emit{Name: "seen", Type: signal.TypeBool}),
		node.SinkKind(node.Contract{Name: "stdout", Doc: "prints", Options: `#Options: {}`},
			func(context.Context, node.Env, struct{}) (node.Sink, error) { return nil, errVetOnly }),
		node.SinkKind(node.Contract{
			Name: "jsonl", Doc: "appends to a file", Options: `#Options: {path!: string}`, Writes: []string{"path"},
		}, func(context.Context, node.Env, pathOptions) (node.Sink, error) { return nil, errVetOnly }),
		node.SinkKind(node.Contract{
			Name: "webhook", Doc: "posts to an address", Endpoints: []string{"url"}, Secrets: []string{"token"},
			Options: `#Options: {url!: =~"^https?://" | error("must start with http:// or https://"), token?: #Secret}`,
		}, func(context.Context, node.Env, webhookOptions) (node.Sink, error) { return nil, errVetOnly }),
	)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func detector[O any](name, doc, options string, _ O, cost time.Duration, emits ...node.Emit) node.Kind {
	return node.Detector(node.Contract{
		Name: name, Doc: doc, Options: options, Cost: cost,
		Emits: func(json.RawMessage) ([]node.Emit, error) { return emits, nil },
	}, func(context.Context, node.DetectorEnv, O) (node.Model, error) { return nil, errVetOnly })
}

func people() node.Kind {
	return node.Detector(node.Contract{
		Name: "people", Doc: "people", Options: `#Options: {labels?: [...string]}`, Cost: 60 * time.Millisecond,
		Emits: func(raw json.RawMessage) ([]node.Emit, error) {
			var o peopleOptions
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, err
			}
			if slices.Contains(o.Labels, "") {
				return nil, errors.New("a label is empty: give it a name")
			}
			return []node.Emit{
				{Name: "count", Type: signal.TypeInt},
				{Name: "posture", Type: signal.TypeLabel, Labels: append([]string{"standing", "lying"}, o.Labels...)},
			}, nil
		},
	}, func(context.Context, node.DetectorEnv, peopleOptions) (node.Model, error) { return nil, errVetOnly })
}

func blocking() node.Kind {
	k := detector("remote", "somebody else's", `#Options: {}`, struct{}{}, 0, node.Emit{Name: "busy", Type: signal.TypeBool, TTL: time.Second})
	k.Contract.Blocking = true
	return k
}

func clock() node.Kind {
	k := detector("clock", "day or night", `#Options: {}`, struct{}{}, 0, node.Emit{Name: "night", Type: signal.TypeBool})
	k.Contract.NoFrame = true
	return k
}

// networkOptions are those of network.
type networkOptions struct {
	Model  string   `json:"model"`
	Labels []string `json:"labels"`
	Zones  []string `json:"zones"`
}

// network is a kind whose file can be looked at: it must be a text of layers, which find as many things as there are labels.
func network() node.Kind {
	k := detector("network", "a network from a file", `#Options: {model!: string, labels?: [...string], zones?: [...string]}`, networkOptions{}, 5*time.Millisecond,
		node.Emit{Name: "count", Type: signal.TypeInt})
	k.Contract.Reads, k.Contract.Zones = []string{"model"}, "zones"
	k.Contract.Probe = func(env node.Env, raw json.RawMessage) (string, error) {
		var o networkOptions
		path, err := "", json.Unmarshal(raw, &o)
		if err == nil {
			path, err = env.InputPath(o.Model)
		}
		if err != nil {
			return "", err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), "[net]") {
			return "model", fmt.Errorf("%s is no network", o.Model)
		}
		if n := strings.Count(string(text), "classes="); n != len(o.Labels) {
			return "labels", fmt.Errorf("the network finds %d kinds of things, and there are %d labels", n, len(o.Labels))
		}
		return "", nil
	}
	return k
}
