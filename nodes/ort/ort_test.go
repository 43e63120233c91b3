package ort

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	lib := filepath.Join(dir, Names()[0])
	none := func(string) string { return "" }
	if path, err := Find(none, dir); err == nil && filepath.Dir(path) == dir {
		t.Errorf("found %s in an empty folder", path)
	}
	if err := os.WriteFile(lib, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := Find(none, dir); err != nil || path != lib {
		t.Errorf("found %q, %v, want %s", path, err, lib)
	}
	named := func(path string) func(string) string { return func(string) string { return path } }
	if path, err := Find(named(lib)); err != nil || path != lib {
		t.Errorf("found %q, %v, want what %s names", path, err, LibraryEnv)
	}
	// What the user named and is not there is an error, not a reason to look elsewhere.
	if _, err := Find(named(lib+".old"), dir); !errors.Is(err, ErrNoLibrary) {
		t.Errorf("a file that is not there: %v", err)
	}
}
