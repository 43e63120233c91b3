//go:build !cgo || !opencv

package cv

import (
	"context"

	"rvo.dev/engine/node"
)

func openHOG() func(context.Context, node.DetectorEnv, HOGOptions) (node.Model, error) { return nil }
