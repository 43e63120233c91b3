// Package ort runs networks with ONNX Runtime, whose library is looked for when the first network is loaded: it is not
// linked, and a program without it works on.
//
//	rt, err := ort.Load(ort.Find(os.Getenv, dirs...))
//
// It needs cgo. It starts no goroutine; the library does what Options.Threads allows.
package ort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// LibraryEnv is the environment variable that names the library's file.
const LibraryEnv = "RVO_ONNXRUNTIME"

// ErrNoLibrary is that the library was not found.
var ErrNoLibrary = errors.New("ONNX Runtime is not installed")

// Names are what the library's file is called on this system, the most particular first.
func Names() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"libonnxruntime.dylib"}
	case "windows":
		return []string{"onnxruntime.dll"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

// Find returns the path of the library: what LibraryEnv names, else the first of its names in dirs, else in the system's
// folders for libraries. The error wraps ErrNoLibrary and says how to get it.
func Find(getenv func(string) string, dirs ...string) (string, error) {
	if path := getenv(LibraryEnv); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: %s says %s, which cannot be read: %w", ErrNoLibrary, LibraryEnv, path, err)
		}
		return path, nil
	}
	system := []string{"/usr/local/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/opt/homebrew/lib"}
	for _, dir := range append(dirs, system...) {
		for _, name := range Names() {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: `rvo models pull onnxruntime` gets it, or name its file in %s", ErrNoLibrary, LibraryEnv)
}
