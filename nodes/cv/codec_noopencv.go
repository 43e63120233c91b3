//go:build !cgo || !opencv

package cv

import "rvo.dev/engine/frame"

func codec() (frame.Codec, bool) { return nil, false }

func version() string { return "not in this build" }
