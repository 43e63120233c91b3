// Package all is the list of the kinds that this program ships. Who builds a program with kinds of their own copies
// cmd/rvo/main.go and appends to the list.
//
//	set, err := all.Set()
//
// It starts no goroutine.
package all

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/camera/images"
	"rvo.dev/nodes/camera/synthetic"
	"rvo.dev/nodes/cv"
	"rvo.dev/nodes/detect/busy"
	"rvo.dev/nodes/detect/dummy"
	"rvo.dev/nodes/detect/external"
	"rvo.dev/nodes/detect/grpc"
	"rvo.dev/nodes/detect/jitter"
	"rvo.dev/nodes/detect/kserve"
	"rvo.dev/nodes/detect/motion"
	"rvo.dev/nodes/detect/onnx"
	"rvo.dev/nodes/detect/scripted"
	"rvo.dev/nodes/detect/track"
	"rvo.dev/nodes/ort"
	"rvo.dev/nodes/sink/jsonl"
	"rvo.dev/nodes/sink/stdout"
)

// Kinds returns every kind of this program, also those whose code is not in this build, so that a pipeline that names
// them can be vetted and its author told what is missing.
func Kinds() []node.Kind {
	return slices.Concat(cv.Kinds(), []node.Kind{
		images.Kind(),
		synthetic.Kind(),

		busy.Kind(),
		dummy.Kind(),
		external.Kind(),
		grpc.Kind(),
		jitter.Kind(),
		kserve.Kind(),
		motion.Kind(),
		onnx.Kind(runtimes()),
		scripted.Kind(),
		track.Kind(),

		jsonl.Kind(),
		stdout.Kind(),
	})
}

// Set returns Kinds as a set. It fails when two kinds of a role have one name or a contract is incomplete.
func Set() (*node.Set, error) { return node.NewSet(Kinds()...) }

// runtimes are the libraries for networks that are in this build.
func runtimes() onnx.Runtimes {
	r := onnx.Runtimes{Missing: func(err error) bool { return errors.Is(err, ort.ErrNoLibrary) }}
	if rt := ort.New(findORT); rt.Built() {
		r.ORT = rt
	}
	r.OpenCV, _ = cv.DNN()
	return r
}

// findORT looks for ONNX Runtime where `rvo models pull` puts it, then where systems have their libraries.
func findORT() (string, error) {
	var dirs []string
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "rvo", "lib"))
	}
	return ort.Find(os.Getenv, dirs...)
}
