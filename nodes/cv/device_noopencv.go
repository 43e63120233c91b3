//go:build !cgo || !opencv

package cv

import "rvo.dev/engine/node"

func openDevice() func(node.CameraEnv, DeviceOptions) (node.Source, error) { return nil }
