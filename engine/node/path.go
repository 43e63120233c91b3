package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// InputPath resolves a path that a node reads: absolute, below the user's home (~/), or relative to the pipeline's
// folder.
func (e Env) InputPath(p string) (string, error) { return resolve(e.Dir, p) }

// OutputPath resolves a path that a node writes: absolute, below the user's home (~/), or relative to the state folder,
// which a relative path cannot leave.
func (e Env) OutputPath(p string) (string, error) {
	if !filepath.IsAbs(p) && !strings.HasPrefix(p, "~/") && !filepath.IsLocal(p) {
		return "", fmt.Errorf("path %q leaves the state folder %s: write it without .. or make it absolute", p, e.StateDir)
	}
	return resolve(e.StateDir, p)
}

func resolve(dir, p string) (string, error) {
	if p == "" {
		return "", errors.New("path is empty")
	}
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("path %q: %w", p, err)
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(p) {
		return filepath.Clean(p), nil
	}
	return filepath.Join(dir, p), nil
}
