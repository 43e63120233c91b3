//go:build !cgo || !opencv

package cv

import "rvo.dev/engine/node"

func openFile(turns) func(node.CameraEnv, FileOptions) (node.Source, error) { return nil }
