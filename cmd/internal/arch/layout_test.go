package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// strangers are the folders of a root that have no place there. What a build makes and what begins with a dot is nobody's
// concern.
func strangers(root string) ([]string, error) {
	known := []string{"schema", "engine", "dsl", "nodes", "pipelines", "proto", "bench", "cmd", "deploy", "docs", "bin", "dist"}
	entries, err := os.ReadDir(root)
	var out []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// TestLayout: the top level is the one that CONTRIBUTING.md and README.md describe.
func TestLayout(t *testing.T) {
	found, err := strangers(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("folders %v have no place at the top level: put them below one that is there", found)
	}
	root := t.TempDir()
	for _, dir := range []string{"engine", "util", ".git", "bin"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if found, err = strangers(root); err != nil || !slices.Equal(found, []string{"util"}) {
		t.Errorf("a strange folder: found %v, %v", found, err)
	}
}
