package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/cmd/rvo/internal/watch"
)

// edits are the ways in which a file becomes another, each for a file that holds "one" and shall hold "two".
func edits() map[string]func(t *testing.T, file string) {
	return map[string]func(t *testing.T, file string){
		"write in place": func(t *testing.T, file string) { put(t, file, "two") },
		"truncate, then write": func(t *testing.T, file string) {
			if err := os.Truncate(file, 0); err != nil {
				t.Fatal(err)
			}
			put(t, file, "two")
		},
		"rename over": func(t *testing.T, file string) {
			put(t, file+"~new", "two")
			if err := os.Rename(file+"~new", file); err != nil {
				t.Fatal(err)
			}
		},
		"backup, write, remove backup": func(t *testing.T, file string) {
			if err := os.Rename(file, file+"~"); err != nil {
				t.Fatal(err)
			}
			put(t, file, "two")
			if err := os.Remove(file + "~"); err != nil {
				t.Fatal(err)
			}
		},
		"swap file beside it": func(t *testing.T, file string) {
			swap := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".swp")
			put(t, swap, "b0VIM")
			put(t, file, "two")
			if err := os.Remove(swap); err != nil {
				t.Fatal(err)
			}
		},
		"folder deleted and made again": func(t *testing.T, file string) {
			if err := os.RemoveAll(filepath.Dir(file)); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, file, "two")
		},
	}
}

// Every way of editing is told, and what was told is what the file holds in the end.
func TestEditors(t *testing.T) {
	for name, edit := range edits() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pipe", "a.cue")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, file, "one")
			w := watch.New()
			defer func() { _ = w.Close() }()
			w.Set([]string{file}, nil)
			edit(t, file)
			for {
				if !told(t, w, long) {
					t.Fatal("not told")
				}
				if data, err := os.ReadFile(file); err == nil && string(data) == "two" {
					return
				}
			}
		})
	}
}

// Where no news comes, looking every so often finds the same: on the virtual clock, so that nothing waits.
func TestMissingEvents(t *testing.T) {
	const every = 10 * time.Second
	for name, edit := range edits() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pipe", "a.cue")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			put(t, file, "one")
			synctest.Test(t, func(t *testing.T) {
				w := watch.Polling(every)
				w.Set([]string{file}, nil)
				edit(t, file)
				begin := time.Now()
				if err := w.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took != every {
					t.Errorf("told after %s, want %s", took, every)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*every)
				defer cancel()
				if err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("told of nothing: %v", err)
				}
			})
		})
	}
}

// A folder on the way to the file is a link that is swapped.
func TestSwappedFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"v1": "one", "v2": "two"} {
		if err := os.MkdirAll(filepath.Join(dir, "versions", name, "deep"), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, "versions", name, "deep", "a.cue"), text)
	}
	now := filepath.Join(dir, "now")
	if err := os.Symlink(filepath.Join("versions", "v1"), now); err != nil {
		t.Fatal(err)
	}
	w := watch.New()
	defer func() { _ = w.Close() }()
	w.Set([]string{filepath.Join(now, "deep", "a.cue")}, nil)
	if err := os.Symlink(filepath.Join("versions", "v2"), now+"~"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(now+"~", now); err != nil {
		t.Fatal(err)
	}
	if !told(t, w, 5*time.Second) {
		t.Error("not told before a look that nothing asked for")
	}
}

// Data is told by size and time, a folder of it by what is in it.
func TestData(t *testing.T) {
	dir := t.TempDir()
	model, pictures := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "pictures")
	put(t, model, "one")
	if err := os.Mkdir(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	w := watch.New()
	defer func() { _ = w.Close() }()
	if !w.Set(nil, []string{model, pictures}) {
		t.Error("new paths were not told as such")
	}
	put(t, model+"~", "two")
	when := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range []string{model, model + "~"} {
		if err := os.Chtimes(f, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if !told(t, w, long) {
		t.Fatal("another time was not told")
	}
	if err := os.Rename(model+"~", model); err != nil {
		t.Fatal(err)
	}
	if !told(t, w, long) {
		t.Fatal("another file of the same size and time was not told")
	}
	put(t, filepath.Join(pictures, "1.jpg"), "x")
	if !told(t, w, long) {
		t.Fatal("a new file in a folder of data was not told")
	}
}

// Who gives up waiting while something goes on is told of it the next time.
func TestGivenUpWait(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.cue")
	put(t, file, "one")
	w := watch.New()
	defer func() { _ = w.Close() }()
	w.Set([]string{file}, nil)
	put(t, file, "two")
	for range 5 { // each shorter than the quiet that a change is waited for
		if told(t, w, 5*time.Millisecond) {
			return // a slow machine: it was quiet long enough
		}
	}
	if !told(t, w, 5*time.Second) {
		t.Error("the change was lost")
	}
}
