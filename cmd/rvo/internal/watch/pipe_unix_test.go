//go:build unix

package watch_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"rvo.dev/cmd/rvo/internal/watch"
)

// TestAPipeIsNoText: a named pipe in the place of a file, which keeps whoever opens it waiting, holds nothing up, and the file that
// comes after it is seen.
func TestAPipeIsNoText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gate.cue")
	put(t, file, "one")
	w := watch.New()
	defer func() { _ = w.Close() }()
	w.Set([]string{file}, nil)
	for _, change := range []func() error{
		func() error { return unix.Mkfifo(file, 0o600) },
		func() error { return os.WriteFile(file, []byte("two"), 0o600) },
	} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := w.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
