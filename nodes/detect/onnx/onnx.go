// Package onnx is the detector kind that finds boxes with a neural network from a file: of people, cars, faces and whatever
// else one was trained for.
//
//	detectors: objects: {fps: 5, onnx: {model: "models/yolox_nano.onnx", inputSize: "416x320", labelsFile: "models/coco80.names"}}
//	events: person: when: {signal: "objects.boxes", labels: ["person"], gte: 1}
//
// nodes/model knows how networks are fed and read; the libraries that compute come in as model.Runtime. All cameras of a
// detector share one loaded network, and with batch one run of it. The package starts no goroutine.
package onnx

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

//go:embed options.cue
var optionsCUE string

// Runtimes are the libraries that the kind can use; nil for those that are not in this build.
type Runtimes struct {
	// ORT is ONNX Runtime, whose library may or may not be on this machine.
	ORT Loader
	// OpenCV is OpenCV's own.
	OpenCV model.Runtime
	// Missing says whether the error of Load is that the library is not on this machine.
	Missing func(error) bool
}

// Loader is a runtime whose library is loaded when it is first needed.
type Loader interface {
	model.Runtime
	// Load loads the library; more than once is once.
	Load() error
}

// needs is what a build without any runtime says.
const needs = "a library for networks: build with CGO_ENABLED=1 for ONNX Runtime, and with -tags opencv for OpenCV"

// cost is what a small network takes on one thread with ONNX Runtime, with room for OpenCV or a larger input. `cost` in the
// pipeline says what this one takes.
const cost = 20 * time.Millisecond

// Kind returns the onnx detector with these runtimes.
func Kind(r Runtimes) node.Kind {
	c := node.Contract{
		Name: "onnx",
		Doc: "finds things with a neural network from a file, in ONNX or Darknet form. How it is fed and read is known for YOLOX, " +
			"NanoDet, PicoDet, FastestDet, YuNet, UltraFace, BlazeFace and Darknet YOLO, and recognized by the file. The stated cost " +
			"is a small network's; `cost` says what yours takes",
		Options: optionsCUE,
		Changes: map[string]node.Change{
			"model": node.Replace, "config": node.Replace, "runtime": node.Replace, "family": node.Replace, "inputSize": node.Replace,
			"batch":     node.Replace,
			"threshold": node.Retune, "overlap": node.Retune, "labels": node.Retune, "labelsFile": node.Retune, "keep": node.Retune,
		},
		Needs: needs,
		Reads: []string{"model", "config", "labelsFile"},
		Probe: r.probe,
		Emits: model.Emits,
		Cost:  cost,
		Waits: waits,
	}
	if r.ORT == nil && r.OpenCV == nil {
		return node.Detector[Options](c, nil)
	}
	return node.Detector(c, r.open)
}

// Options are what stands under the kind's key. Zero values stand for the defaults.
type Options struct {
	Model      string   `json:"model"`
	Config     string   `json:"config"`
	Runtime    string   `json:"runtime"`
	Family     string   `json:"family"`
	InputSize  string   `json:"inputSize"`
	Threshold  float32  `json:"threshold"`
	Overlap    float32  `json:"overlap"`
	Labels     []string `json:"labels"`
	LabelsFile string   `json:"labelsFile"`
	Keep       []string `json:"keep"`
	Batch      *Batch   `json:"batch"`
}

// Batch says how pictures of several cameras are computed together.
type Batch struct {
	// Max is how many there are at most, from 2.
	Max int `json:"max"`
	// Wait is how long the first waits for others; 0: 5 ms.
	Wait node.Duration `json:"wait"`
}

// mostBatch bounds Batch.Max: the memory is that of as many pictures, twice.
const mostBatch = 64

// completed returns what is asked for with the defaults of options.cue.
func (b *Batch) completed() (*Batch, error) {
	if b == nil {
		return nil, nil
	}
	if b.Max < 2 || b.Max > mostBatch || b.Wait < 0 {
		return nil, fmt.Errorf("batch: max %d, wait %s: max must be from 2 to %d pictures and wait 0 or longer", b.Max, b.Wait, mostBatch)
	}
	return &Batch{Max: b.Max, Wait: node.Duration(b.Wait.Or(5 * time.Millisecond))}, nil
}

// waits reports whether runs wait for those of other cameras.
func waits(raw json.RawMessage) bool {
	var o Options
	return json.Unmarshal(raw, &o) == nil && o.Batch != nil
}
