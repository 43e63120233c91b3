// Package cv holds every kind that needs OpenCV: the cameras device, rtsp, http and file, the detectors mog2, haar and
// hog, and OpenCV's JPEG encoder.
//
//	set, err := node.NewSet(cv.Kinds()...)
//	codec, ok := cv.Codec() // ok is false in a build without OpenCV
//	devices, err := cv.ListDevices()
//
// The contracts are in every build; the code is behind the build tags cgo and opencv. Without it the kinds are known,
// can be vetted, and opening one gives node.ErrNotBuilt. What may throw on user data goes through a C++ shim that turns
// exceptions into errors; gocv, imported nowhere else, does the rest.
//
// The package never lets credentials into an error or a log, and turns off what OpenCV and FFmpeg print themselves
// (set OPENCV_FFMPEG_LOGLEVEL or OPENCV_LOG_LEVEL to get it back, with the credentials in it). It starts no goroutine.
// OpenCV works on one thread a call in the whole process, until a detector with a larger `threads` raises that for all.
package cv

import "rvo.dev/engine/node"

// needs is what a build lacks that does not have these kinds.
const needs = "OpenCV: apt-get install g++ pkg-config libopencv-dev, then build with CGO_ENABLED=1 and -tags opencv (make run does both)"

// turns is full while somebody opens a stream or a file through FFmpeg, which is done by one after the other.
type turns chan struct{}

// Kinds returns the kinds of this package, in a fixed order. Their cameras connect in turn, and those of another call beside them
// as OpenCV lets them.
func Kinds() []node.Kind {
	t := make(turns, 1)
	return []node.Kind{
		deviceKind(), rtspKind(t), httpKind(t), fileKind(t),
		mog2Kind(), haarKind(), hogKind(),
	}
}
