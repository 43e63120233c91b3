package graph

import (
	"math"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// CameraSignals is what stands before the dot in the names of a camera's own signals, where others have a detector.
const CameraSignals = "camera"

// The places of a camera's own signals in CameraEmits and in Camera.Own.
const (
	CameraUp = iota
	CameraFrozen
	CameraFPS
)

// CameraEmits returns the signals that every camera gives by itself. They hold until they change: what is known of a
// camera does not grow stale.
func CameraEmits() []node.Emit {
	return []node.Emit{
		{Name: "up", Type: signal.TypeBool, Doc: "whether the camera gives pictures", TTL: math.MaxInt64},
		{Name: "frozen", Type: signal.TypeBool, Doc: "whether its picture has not changed for freezeAfter", TTL: math.MaxInt64},
		{Name: "fps", Type: signal.TypeFloat, Doc: "measured pictures a second, 0 while it is down", Min: 0, Max: 1000, TTL: math.MaxInt64},
	}
}
