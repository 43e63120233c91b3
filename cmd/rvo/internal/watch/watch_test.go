package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rvo.dev/cmd/rvo/internal/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// told reports whether Wait returns for a change; it gives up after a while, as it must where nothing changed.
func told(t *testing.T, w *watch.Watcher, patience time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := w.Wait(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return err == nil
}

// long is more than a loaded machine needs to tell of a change, short enough to wait for nothing.
const (
	long  = 30 * time.Second
	short = 300 * time.Millisecond
)

func TestWait(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.cue")
	put(t, file, "one")
	w := watch.New()
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	set := func(paths ...string) {
		t.Helper()
		w.Set(paths, nil)
	}
	set(file)

	put(t, file, "two")
	if !told(t, w, long) {
		t.Fatal("a write was not told")
	}
	put(t, file, "two")
	put(t, filepath.Join(dir, "other.txt"), "x")
	if told(t, w, short) {
		t.Error("the same text and another file were told as a change")
	}

	// As editors write: a new file over the old one.
	next := filepath.Join(dir, ".a.cue.tmp")
	put(t, next, "three")
	if err := os.Rename(next, file); err != nil {
		t.Fatal(err)
	}
	if !told(t, w, long) {
		t.Fatal("a rename was not told")
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !told(t, w, long) {
		t.Fatal("a removal was not told")
	}
	put(t, file, "four")
	if !told(t, w, long) {
		t.Fatal("a file that came back was not told")
	}

	// What happens between two Sets is not lost for what both name; a folder counts by its .cue files.
	put(t, file, "five")
	set(file, dir)
	if !told(t, w, long) {
		t.Fatal("a change before Set was lost")
	}
	put(t, filepath.Join(dir, "b.cue"), "")
	if !told(t, w, long) {
		t.Fatal("a new file of a folder was not told")
	}
}

// Kubernetes mounts files as links through a folder that is itself a link and is swapped.
func TestSwappedLink(t *testing.T) {
	dir := t.TempDir()
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"v1": "one", "v2": "two"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name, "a.cue"), text)
	}
	link("v1", "..data")
	link(filepath.Join("..data", "a.cue"), "a.cue")
	w := watch.New()
	defer func() { _ = w.Close() }()
	paths := []string{filepath.Join(dir, "a.cue")}
	for _, want := range []bool{true, false} {
		if grown := w.Set(paths, nil); grown != want {
			t.Fatalf("grown %v, want %v", grown, want)
		}
	}
	link("v2", "..tmp")
	if err := os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if !told(t, w, long) {
		t.Error("a swapped link was not told")
	}
}

// Who waits is told why it ends.
func TestWaitEnds(t *testing.T) {
	w := watch.New()
	defer func() { _ = w.Close() }()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := w.Wait(ctx); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}
