//go:build !cgo || !opencv

package cv

import "rvo.dev/engine/node"

func openRTSP(turns) func(node.CameraEnv, RTSPOptions) (node.Source, error) { return nil }
