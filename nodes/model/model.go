// Package model runs neural networks that find boxes, whatever library computes them: it feeds a picture to a network,
// reads the boxes out of what the network gives and drops the ones that mean the same thing.
//
//	plan, err := model.NewPlan(files, model.PlanOptions{InputSize: "416x320", Labels: labels})
//	network, err := runtime.Open(plan.Files, model.Options{Threads: 1})
//	session, err := network.NewSession()
//	filter, err := plan.Filter(options)
//	boxes, err := plan.NewDetector(session).Detect(picture, filter)
//
// A Runtime is a library that can run a network (ONNX Runtime, OpenCV); a Family is a way of feeding and reading one
// (YOLOX, NanoDet, YuNet, …). The package knows the families and no library. It starts no goroutine and reads no clock.
package model

import (
	"strconv"
	"strings"
)

// Tensor is a block of 32-bit numbers in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Rows returns the tensor as rows of its last axis: how many there are and how long each is.
func (t *Tensor) Rows() (n, columns int) {
	if len(t.Shape) == 0 {
		return 0, 0
	}
	columns = t.Shape[len(t.Shape)-1]
	if columns == 0 {
		return 0, 0
	}
	return len(t.Data) / columns, columns
}

// Info describes an input or an output of a network. An axis whose length the network leaves open is -1.
type Info struct {
	Name  string
	Shape []int
}

// String returns the name and the shape, as in "images 1x3x416x416"; an open axis is "?".
func (i Info) String() string {
	axes := make([]string, len(i.Shape))
	for k, n := range i.Shape {
		if axes[k] = strconv.Itoa(n); n < 0 {
			axes[k] = "?"
		}
	}
	return i.Name + " " + strings.Join(axes, "x")
}

// Files are what a network is made of.
type Files struct {
	// Weights is the ONNX file, or Darknet's weights where there is a Config.
	Weights []byte
	// Config is Darknet's text of layers, empty for ONNX.
	Config []byte
}

// Options are how a runtime is to run a network.
type Options struct {
	// Threads is how many threads one run may use, at least 1.
	Threads int
}

// Runtime is a library that can run networks.
type Runtime interface {
	// Name is the library's name and version, for logs and contracts.
	Name() string
	// Open loads a network. The error says what the library cannot read.
	Open(f Files, o Options) (Network, error)
}

// Network is a loaded network, which several cameras share.
type Network interface {
	// NewSession returns a way to run it. Sessions may run at the same time.
	NewSession() (Session, error)
	// Close gives the network back, after every session was closed.
	Close() error
}

// Session runs a network, one run at a time.
type Session interface {
	// Run computes all outputs for one input, in the order of the file. They are valid until the next Run.
	Run(in Tensor) ([]Tensor, error)
	// Close gives the session back. No other method may be called afterwards.
	Close() error
}
