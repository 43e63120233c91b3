package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Store is where pulled files are.
type Store struct {
	// Models and Libraries are folders; they are made when something is pulled.
	Models, Libraries string
}

// StoreIn returns the store in a folder.
func StoreIn(dir string) Store {
	return Store{Models: filepath.Join(dir, "models"), Libraries: filepath.Join(dir, "lib")}
}

// DefaultStore returns the store in the user's cache, where rvo looks for libraries by itself.
func DefaultStore() (Store, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return Store{}, fmt.Errorf("no folder for models: %w", err)
	}
	return StoreIn(filepath.Join(cache, "rvo")), nil
}

// Path returns where a file of an entry is, or would be.
func (s Store) Path(e *Entry, f *File) string {
	if e.Library {
		return filepath.Join(s.Libraries, f.Name)
	}
	return filepath.Join(s.Models, f.Name)
}

// Has reports whether all of an entry's files for a platform are there, whatever is in them.
func (s Store) Has(e *Entry, platform string) bool {
	files := e.On(platform)
	for i := range files {
		if info, err := os.Stat(s.Path(e, &files[i])); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return len(files) > 0
}

// ErrNotPulled is that a file is not there.
var ErrNotPulled = errors.New("is not pulled")

// Verify reads a file of an entry and reports whether it is what the catalogue says. The error names the file, and wraps
// ErrNotPulled where it is not there.
func (s Store) Verify(e *Entry, f *File) error {
	path := s.Path(e, f)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s %w: rvo models pull %s", path, ErrNotPulled, e.Name)
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := check(io.Discard, file, f); err != nil {
		return fmt.Errorf("%s %w: rvo models pull %s gets it anew", path, err, e.Name)
	}
	return nil
}

// check copies what is to be a file and reports whether it is.
func check(to io.Writer, from io.Reader, f *File) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(from, f.Size+1))
	switch got := hex.EncodeToString(sum.Sum(nil)); {
	case err != nil:
		return err
	case n > f.Size:
		return fmt.Errorf("has more than %d bytes, must have those", f.Size)
	case n < f.Size:
		return fmt.Errorf("has %d bytes, must have %d", n, f.Size)
	case got != f.SHA256:
		return fmt.Errorf("has SHA-256 %s, must have %s", got, f.SHA256)
	}
	return nil
}
