//go:build !linux

package isolate

import (
	"context"
	"encoding/json"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// Model is a detector in a process of its own. There is none on this system.
type Model struct{ node.Model }

// Restarts returns how often a process was started again; 0 on this system.
func (*Model) Restarts() uint64 { return 0 }

// Open fails with ErrUnsupported.
func Open(context.Context, *node.Kind, node.DetectorEnv, json.RawMessage, Options) (*Model, error) {
	return nil, ErrUnsupported
}

// Serve fails with ErrUnsupported.
func Serve(*node.Set, frame.Codec) error { return ErrUnsupported }
