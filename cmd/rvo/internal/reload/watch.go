package reload

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// errWanted ends a wait because something else is to be watched.
var errWanted = errors.New("something else is to be watched")

// wants is what the watcher is to look at, and how to tell it so while it waits.
type wants struct {
	mu        sync.Mutex
	new       bool
	paths     []string
	data      []string
	interrupt context.CancelCauseFunc
}

// Named returns what a command line's paths name, absolute: what is watched before anything was read. The folder of a package path is
// not known before.
func Named(dir string, paths []string) []string {
	var out []string
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		out = append(out, p)
	}
	return out
}

// want says what to look at from now on: what was named, what was read, and what nodes read; in is nil where nothing could be read,
// which leaves the data as it is.
func (r *Reloader) want(in *Loaded) {
	dir := r.cfg.Options.Dir
	if dir == "" {
		dir, _ = os.Getwd() // the named paths are also in what was read
	}
	r.mu.Lock()
	paths := slices.Concat(Named(dir, r.cfg.Paths), r.files, r.running.Files)
	r.mu.Unlock()
	if root := module(r.Running().Graph.Dir); root != "" {
		paths = append(paths, root)
	}
	w := r.wants
	w.mu.Lock()
	defer w.mu.Unlock()
	w.new, w.paths = true, paths
	if in != nil {
		w.data = Data(in.Graph)
	}
	if w.interrupt != nil {
		w.interrupt(errWanted)
	}
}

// module returns the file that says what module a folder belongs to, "" for none.
func module(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		file := filepath.Join(at, "cue.mod", "module.cue")
		if _, err := os.Stat(file); err == nil {
			return file
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// take returns what is wanted, if that is new, and how a wait is ended for what will be.
func (w *wants) take(interrupt context.CancelCauseFunc) (paths, data []string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt = interrupt
	ok, w.new = w.new, false
	return w.paths, w.data, ok
}

// stamp is a moment as a number, 0 for none.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// watch tells the loop of changes until ctx is done. It never ends before: files that cannot be watched are looked at.
func (r *Reloader) watch(ctx context.Context) {
	why := ""
	for ctx.Err() == nil {
		wait, cancel := context.WithCancelCause(ctx)
		if paths, data, ok := r.wants.take(cancel); ok {
			if r.cfg.Watch.Set(paths, data) {
				tell(r.grown)
			}
			if err := r.cfg.Watch.Blind(); err != nil && err.Error() != why {
				why = err.Error()
				r.log.Warn("the system does not tell of every change: files are looked at every second", "err", why)
			}
		}
		switch err := r.cfg.Watch.Wait(wait); {
		case err == nil:
			r.told.Store(stamp(r.cfg.Watch.Told()))
			tell(r.news)
		case ctx.Err() == nil && !errors.Is(err, errWanted):
			r.log.Error("watching files failed; it goes on", "err", strings.TrimSpace(err.Error()))
			pause(ctx, time.Second)
		}
		cancel(nil)
	}
}
