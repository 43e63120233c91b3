// Package isolate runs a detector in a process of its own, so that what kills a process (an abort in a library, a fault in
// C code, memory without end) costs the detector's present runs and nothing else.
//
//	m, err := isolate.Open(ctx, kind, env, isolate.Options{})   // in the engine: a node.Model like any other
//	err := isolate.Serve(kinds, codec)                          // in the child: what `rvo _detector` does
//
// One process serves all cameras of a detector. It is the same program file, started with Argument, and sees pictures in
// the pool's own memory, read-only: none is copied. A run that does not end in time, and anything that the child says
// and the protocol does not know, costs the process its life; another is started after a short wait, and every
// instance begins anew in it. What a detector wants to Retain past its run it cannot: that run fails.
//
// The parent's half has two goroutines for each model, which see that a process has ended and start the next; a run writes its
// request and waits for the answer where it was called. Between two processes it need not wait: Options.Away. The child's half has
// one goroutine for each camera; they end with the process. There is none of this but on Linux, where Open says so.
package isolate

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Argument is the first argument of a program that is to call Serve.
const Argument = "_detector"

// ErrUnsupported says that this system cannot run detectors in processes of their own.
var ErrUnsupported = errors.New(`isolate: "process" needs Linux: take it out, or write "thread"`)

// ErrKept says that a detector kept a picture past its run. Its memory belongs to another process and would change.
var ErrKept = errors.New(`the detector keeps pictures past its run, which it cannot with isolate: "process"`)

// Options are what Open needs beside the detector's environment.
type Options struct {
	// Still says that core time stands still while a run lasts, as in lockstep.
	Still bool
	// Nice is how far the process's threads are lowered below this one's, from 0 to 19.
	Nice int
	// Away is told true when the process is gone and another is on its way: it is soon started, or opens its model; and false
	// when it is there, or is not to be waited for any more. Whoever is told starts no run while it is away; one that comes all the
	// same, or later, fails at once where there is no process. The calls come one after the other, from any goroutine, and must
	// not block. nil: a run waits for its process where it was called, within its own time.
	Away func(away bool)
}

// environment returns the variables that a child gets: what libraries need to find their files and to be told how many
// threads to take, and nothing that may be a secret. A detector's own secrets come by reference.
func environment(all []string) []string {
	names := []string{
		"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "GORACE",
		"RVO_ONNXRUNTIME", // of nodes/ort: where its library is
	}
	prefixes := []string{"LC_", "XDG_", "OPENCV_", "OMP_", "OPENBLAS_", "MKL_", "KMP_", "CUDA_", "NVIDIA_", "ORT_"}
	var out []string
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(names, name) || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			out = append(out, v)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
