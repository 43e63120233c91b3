// Package watch tells when files have changed and come to rest.
//
//	w := watch.New()
//	defer w.Close()
//	grown := w.Set(files, data) // what to look at, as it is now
//	err := w.Wait(ctx)          // until some of it is different
//
// What counts is content: a file that was written anew with the same text has not changed. Folders are watched rather than
// files, because editors rename a new file over the old one and Kubernetes swaps a link above it. Where the system tells nothing,
// or not of everything, files are looked at every so often. A Watcher is used by one goroutine; the only others are fsnotify's own,
// which Close ends.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
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
	// blind is how often to look where the system cannot tell at all.
	blind = time.Second
)

// Watcher watches files and folders.
type Watcher struct {
	fs    *fsnotify.Watcher // nil: the system tells nothing
	every time.Duration     // between two looks without having been told
	why   error             // why it is blind
	paths []string
	data  []string
	seen  map[string]state // what each path held when it was last looked at
	told  time.Time        // when the system first told of what the last Wait returned for; zero: it did not
	by    time.Time        // when to look at what the system told of, at the latest; zero: it told of nothing
	later time.Time        // when to look at it if nothing else happens
}

// New returns a watcher of nothing. Where the system gives no news of files it looks every second: see Blind.
func New() *Watcher {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		p := Polling(blind)
		p.why = fmt.Errorf("watching files: %w", err)
		return p
	}
	return &Watcher{fs: w, every: poll, seen: map[string]state{}}
}

// Polling returns a watcher that is told nothing and looks every so often.
func Polling(every time.Duration) *Watcher {
	return &Watcher{every: every, seen: map[string]state{}}
}

// Close ends it.
func (w *Watcher) Close() error {
	if w.fs == nil {
		return nil
	}
	return w.fs.Close()
}

// Blind returns why the system does not tell of every change, nil where it does: files are then looked at every second.
func (w *Watcher) Blind() error { return w.why }

// Set says what to look at from now on: absolute paths of files, which need not exist, and of folders, of which the names
// of the .cue files count; and what is data, which may be large: files of which size and times count, and folders with the names,
// sizes and times of what is in them. What was looked at before keeps what was seen of it, so that a change between two calls is not
// lost. Grown says that some paths are new: who has read them already may have read what was there before, and reads again.
func (w *Watcher) Set(paths, data []string) (grown bool) {
	w.paths = slices.Compact(slices.Sorted(slices.Values(paths)))
	w.data = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(data))), func(p string) bool {
		_, text := slices.BinarySearch(w.paths, p)
		return text
	})
	seen := map[string]state{}
	for p, s := range w.look() {
		old, ok := w.seen[p]
		if ok {
			s = old
		}
		seen[p], grown = s, grown || !ok
	}
	w.seen = seen
	w.attach()
	return grown
}

// attach watches the folders around the paths. It is done anew after each change: a folder that was removed and made again
// is another folder.
func (w *Watcher) attach() {
	if w.fs == nil {
		return
	}
	want := map[string]bool{}
	for _, p := range slices.Concat(w.paths, w.data) {
		for _, dir := range folders(p) {
			want[dir] = true
		}
	}
	for _, p := range w.fs.WatchList() {
		if !want[p] {
			_ = w.fs.Remove(p) // gone by itself, perhaps
		}
	}
	w.why, w.every = nil, poll
	for _, p := range slices.Sorted(maps.Keys(want)) {
		if err := w.fs.Add(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.why, w.every = fmt.Errorf("watching %s: %w", p, err), blind
		}
	}
}

// Wait returns when something that is looked at has changed and come to rest, or with the cause of ctx. What the system told of
// while a Wait was given up is not lost for the next one.
func (w *Watcher) Wait(ctx context.Context) error {
	for {
		if err := w.event(ctx); err != nil {
			return err
		}
		w.told = time.Time{}
		if !w.by.IsZero() {
			w.told = w.by.Add(-longest)
		}
		w.by = time.Time{}
		w.attach()
		now := w.look()
		same := maps.EqualFunc(now, w.seen, state.same)
		if w.seen = now; !same {
			return nil
		}
	}
}

// Told returns when the system first told of the change that the last Wait returned for, the zero time where it was found by looking.
func (w *Watcher) Told() time.Time { return w.told }

// event waits until the system has told of something and then of nothing for a while, or until it is time to look anyway.
func (w *Watcher) event(ctx context.Context) error {
	wait := w.every
	if !w.by.IsZero() {
		wait = max(time.Until(w.later), 0)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var events <-chan fsnotify.Event
	var errs <-chan error
	if w.fs != nil {
		events, errs = w.fs.Events, w.fs.Errors
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			return nil
		case _, ok := <-events:
			if !ok {
				return fsnotify.ErrClosed
			}
			now := time.Now()
			if w.by.IsZero() {
				w.by = now.Add(longest)
			}
			w.later = now.Add(min(quiet, max(w.by.Sub(now), 0)))
			timer.Reset(w.later.Sub(now))
		case err, ok := <-errs:
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
