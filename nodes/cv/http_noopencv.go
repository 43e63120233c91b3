//go:build !cgo || !opencv

package cv

import "rvo.dev/engine/node"

func openHTTP(turns) func(node.CameraEnv, HTTPOptions) (node.Source, error) { return nil }
