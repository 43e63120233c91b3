//go:build !cgo

package ort

import (
	"fmt"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// Runtime stands for ONNX Runtime in a build without cgo: it loads nothing.
type Runtime struct{}

// New returns a runtime whose Load fails.
func New(func() (string, error)) *Runtime { return &Runtime{} }

// Load fails: the library needs cgo.
func (*Runtime) Load() error {
	return fmt.Errorf("ONNX Runtime is %w: build with CGO_ENABLED=1", node.ErrNotBuilt)
}

// Name implements model.Runtime.
func (*Runtime) Name() string { return "onnxruntime" }

// Open implements model.Runtime.
func (r *Runtime) Open(model.Files, model.Options) (model.Network, error) { return nil, r.Load() }

// Built reports whether this build can load the library.
func (*Runtime) Built() bool { return false }
