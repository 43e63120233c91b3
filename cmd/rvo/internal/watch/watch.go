// Package watch tells when files have changed and come to rest.
//
//	w, err := watch.New()
//	defer w.Close()
//	grown, err := w.Set(files) // what to look at, as it is now
//	err = w.Wait(ctx)          // until some of it is different
//
// What counts is content: a file that was written anew with the same text has not changed. Folders are watched rather than
// files, because editors rename a new file over the old one and Kubernetes swaps a link above it. A Watcher is used by one
// goroutine; the only others are fsnotify's own, which Close ends.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is how long nothing may happen before a change is looked at: an editor's save is several events.
	quiet = 50 * time.Millisecond
	// longest bounds the wait for quiet where something writes all the time.
	longest = 2 * time.Second
	// poll is how often to look without having been told: network file systems tell nothing.
	poll = 10 * time.Second
)

// Watcher watches files and folders.
type Watcher struct {
	fs    *fsnotify.Watcher
	paths []string
	seen  map[string]string // what each path held when it was last looked at
}

// New returns a watcher of nothing. The error says that the system gives none.
func New() (*Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching files: %w", err)
	}
	return &Watcher{fs: w, seen: map[string]string{}}, nil
}

// Close ends it.
func (w *Watcher) Close() error { return w.fs.Close() }

// Set says what to look at from now on: absolute paths of files, which need not exist, and of folders, of which the names
// of the .cue files count. What was looked at before keeps what was seen of it, so that a change between two calls is not
// lost. Grown says that some paths are new: who has read them already may have read what was there before, and reads again.
func (w *Watcher) Set(paths []string) (grown bool, err error) {
	w.paths = slices.Compact(slices.Sorted(slices.Values(paths)))
	seen := map[string]string{}
	for _, p := range w.paths {
		if s, ok := w.seen[p]; ok {
			seen[p] = s
			continue
		}
		seen[p], grown = content(p), true
	}
	w.seen = seen
	return grown, w.attach()
}

// attach watches the folders around the paths. It is done anew after each change: a folder that was removed and made again
// is another folder.
func (w *Watcher) attach() error {
	want := map[string]bool{}
	for _, p := range w.paths {
		want[folder(p)] = true
		// A link's target changes in its own folder.
		if real, err := filepath.EvalSymlinks(p); err == nil {
			want[folder(real)] = true
		}
	}
	for _, p := range w.fs.WatchList() {
		if !want[p] {
			_ = w.fs.Remove(p) // gone by itself, perhaps
		}
	}
	var errs []error
	for p := range want {
		if err := w.fs.Add(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("watching %s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}

// folder returns the nearest folder that exists at or above a path.
func folder(p string) string {
	for {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			return p
		}
		up := filepath.Dir(p)
		if up == p {
			return p
		}
		p = up
	}
}

// Wait returns when something that is looked at has changed and come to rest, or with the cause of ctx.
func (w *Watcher) Wait(ctx context.Context) error {
	for {
		if err := w.event(ctx); err != nil {
			return err
		}
		if err := w.attach(); err != nil {
			return err
		}
		if w.changed() {
			return nil
		}
	}
}

// changed looks at every path and reports whether one is different.
func (w *Watcher) changed() bool {
	now := map[string]string{}
	for _, p := range w.paths {
		now[p] = content(p)
	}
	same := maps.Equal(now, w.seen)
	w.seen = now
	return !same
}

// event waits until the system has told of something and then of nothing for a while, or until it is time to look anyway.
func (w *Watcher) event(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	var last time.Time // by when a change is looked at, however much goes on
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return nil
		case _, ok := <-w.fs.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
			if last.IsZero() {
				last = time.Now().Add(longest)
			}
			timer.Reset(min(quiet, max(time.Until(last), 0)))
		case err, ok := <-w.fs.Errors:
			if !ok {
				return fsnotify.ErrClosed
			}
			// Events were lost: look now. Of other errors the next look tells more.
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				return nil
			}
		}
	}
}

// content stands for what a path holds; what cannot be read holds the reason.
func content(p string) string {
	data, err := os.ReadFile(p)
	if err == nil {
		sum := sha256.Sum256(data)
		return string(sum[:])
	}
	entries, dirErr := os.ReadDir(p)
	if dirErr != nil {
		return err.Error()
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".cue") {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, "\x00")
}
