//go:build !cgo || !opencv

package cv

import (
	"context"

	"rvo.dev/engine/node"
)

func openHaar() func(context.Context, node.DetectorEnv, HaarOptions) (node.Model, error) { return nil }
