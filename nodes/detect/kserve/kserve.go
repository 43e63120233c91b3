// Package kserve is the detector kind that finds boxes with a neural network of a model server: Triton, OpenVINO Model Server,
// TorchServe, KServe and whatever else speaks the Open Inference Protocol, version 2, over gRPC.
//
//	detectors: objects: {fps: 5, timeout: "100ms", kserve: {endpoint: "http://models:8001", model: "yolox_nano", labelsFile: "coco80.names"}}
//	events: person: when: {signal: "objects.boxes", labels: ["person"], gte: 1}
//
// The server says what its model takes and gives; nodes/model knows how such a network is fed and read, as for files. A run
// sends what the network takes of one picture and waits for what it gives; it takes no CPU slot while it waits. The time that
// is left of the run travels as the call's deadline. docs/remote.md is the user's manual.
//
// The package says no go; gRPC runs goroutines for a connection from its first use until the last detector on it is closed.
package kserve

import (
	_ "embed"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/detect/remote"
	"rvo.dev/nodes/model"
)

//go:embed options.cue
var optionsCUE string

// cost is what a small network on the same machine or network takes: the way there and back, and 20 ms of work.
const cost = 25 * time.Millisecond

// Kind returns the kserve detector. The detectors of one Kind share connections.
func Kind() node.Kind {
	s := &servers{}
	return node.Detector(node.Contract{
		Name: "kserve",
		Doc: "finds things with a neural network of a model server that speaks the Open Inference Protocol over gRPC, such as Triton, " +
			"OpenVINO Model Server or KServe. It feeds and reads the same networks as onnx. The stated cost is a small network's on the " +
			"same network; `cost` says what yours takes",
		Options: optionsCUE + remote.TLSSchema(),
		Changes: map[string]node.Change{
			"endpoint": node.Replace, "model": node.Replace, "version": node.Replace, "family": node.Replace, "inputSize": node.Replace,
			"threshold": node.Retune, "overlap": node.Retune, "labels": node.Retune, "labelsFile": node.Retune, "keep": node.Retune,
			"tls": node.Replace, "token": node.Replace, "serviceConfig": node.Replace, "maxMessage": node.Replace, "keepalive": node.Replace,
		},
		Endpoints: []string{"endpoint"},
		Reads:     []string{"labelsFile", "tls.ca", "tls.cert"},
		Secrets:   []string{"token", "tls.key"},
		Emits:     emits,
		Cost:      cost,
		Blocking:  true,
	}, s.open)
}

// Options are what stands under the kind's key. Zero values stand for the defaults.
type Options struct {
	Endpoint      string        `json:"endpoint"`
	Model         string        `json:"model"`
	Version       string        `json:"version"`
	Family        string        `json:"family"`
	InputSize     string        `json:"inputSize"`
	Threshold     float32       `json:"threshold"`
	Overlap       float32       `json:"overlap"`
	Labels        []string      `json:"labels"`
	LabelsFile    string        `json:"labelsFile"`
	Keep          []string      `json:"keep"`
	TLS           *remote.TLS   `json:"tls"`
	Token         *node.Secret  `json:"token"`
	ServiceConfig string        `json:"serviceConfig"`
	MaxMessage    node.Bytes    `json:"maxMessage"`
	Keepalive     node.Duration `json:"keepalive"`
}

// completed returns the options with the defaults of options.cue.
func (o Options) completed() Options {
	if o.MaxMessage == 0 {
		o.MaxMessage = 16 << 20 // the tables of a large network at 1280 x 1280 have 11 MB
	}
	o.Keepalive = o.channel().Completed().Keepalive
	return o
}

// channel is the way to the server.
func (o *Options) channel() remote.Channel {
	return remote.Channel{
		Endpoint: o.Endpoint, TLS: o.TLS, Token: o.Token, ServiceConfig: o.ServiceConfig, MaxMessage: o.MaxMessage, Keepalive: o.Keepalive,
	}
}

// use is what the options say of how the network is used.
func (o *Options) use(env node.Env) (model.PlanOptions, error) {
	labels, err := model.ReadLabels(env, o.Labels, o.LabelsFile)
	return model.PlanOptions{
		Family: o.Family, InputSize: o.InputSize, Score: o.Threshold, Overlap: o.Overlap, Labels: labels, Keep: o.Keep,
	}, err
}
