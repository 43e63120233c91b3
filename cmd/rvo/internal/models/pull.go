package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Puller fetches entries into a store.
type Puller struct {
	Store Store
	// Client makes the requests.
	Client *http.Client
	// Registry is the address of the npm registry.
	Registry string
	// Silence is for how long nothing may come of a file; 0: a minute.
	Silence time.Duration
	// Platform is the system that files are for; empty: this one.
	Platform string
	// Say is told of each file before it is fetched, and where it is then. Not nil.
	Say func(format string, a ...any)
}

// Pull fetches the files of an entry that are not there as they should be. A file is in its place whole and right, or as it was.
func (p *Puller) Pull(ctx context.Context, e *Entry) error {
	platform := p.Platform
	if platform == "" {
		platform = Platform()
	}
	files := e.On(platform)
	if len(files) == 0 {
		return fmt.Errorf("%s: there is none for %s", e.Name, platform)
	}
	for i := range files {
		f := &files[i]
		path := p.Store.Path(e, f)
		if p.Store.Verify(e, f) == nil {
			p.Say("%s is there", path)
			continue
		}
		p.Say("%s: %s, %s, from %s", f.Name, Bytes(f.Size), e.Licence, f.From())
		if err := p.file(ctx, f, path); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		p.Say("%s", path)
	}
	return nil
}

// file fetches one file to a path.
func (p *Puller) file(ctx context.Context, f *File, path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	sweep(filepath.Dir(path), f.Name)
	part, err := os.CreateTemp(filepath.Dir(path), "."+f.Name+partOf+"*")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, part.Close())
		if err == nil {
			err = os.Rename(part.Name(), path)
		}
		if err != nil {
			_ = os.Remove(part.Name())
		}
	}()
	url := f.URL
	if f.Package != "" {
		if url, err = tarball(p.Registry, f.Package); err != nil {
			return err
		}
	}
	body, err := p.get(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if f.Package != "" {
		inside, err := entry(body, f.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
		if err := check(part, inside, f); err != nil {
			return fmt.Errorf("%s in %s %w", f.Path, url, err)
		}
	} else if err := check(part, body, f); err != nil {
		return fmt.Errorf("%s %w: it was changed there, or something answers in its place", url, err)
	}
	if err := part.Chmod(0o644); err != nil {
		return err
	}
	return part.Sync()
}

// partOf is what stands behind a file's name while it is fetched, and leftFor after how long nobody can be fetching it any more.
const (
	partOf  = ".part-"
	leftFor = 24 * time.Hour
)

// sweep deletes what was left of a file by programs that were killed while they fetched it.
func sweep(dir, name string) {
	left, _ := filepath.Glob(filepath.Join(dir, "."+name+partOf+"*"))
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > leftFor {
			_ = os.Remove(path)
		}
	}
}

// Bytes writes a size for people, in units of 1024.
func Bytes(n int64) string {
	const k = 1024
	switch {
	case n < k:
		return fmt.Sprintf("%d B", n)
	case n < k*k:
		return fmt.Sprintf("%.1f KiB", float64(n)/k)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(k*k))
}
