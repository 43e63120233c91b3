//go:build !cgo || !opencv

package cv

import (
	"context"

	"rvo.dev/engine/node"
)

func openMOG2() func(context.Context, node.DetectorEnv, MOG2Options) (node.Model, error) { return nil }
