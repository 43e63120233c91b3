package cv

import "rvo.dev/engine/frame"

// Codec returns OpenCV's JPEG encoder, named "opencv", about ten times as fast as the standard library's; ok is false
// in a build without OpenCV.
func Codec() (c frame.Codec, ok bool) { return codec() }

// Version returns OpenCV's version, or "not in this build".
func Version() string { return version() }
