package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

func TestPaths(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip("no home folder: ", err)
	}
	dir, state := filepath.Join(string(filepath.Separator), "pipe"), filepath.Join(string(filepath.Separator), "state")
	abs := filepath.Join(string(filepath.Separator), "data", "x")
	env := node.Env{Dir: dir, StateDir: state}
	for _, c := range []struct{ path, in, out, refused string }{
		{path: "x", in: filepath.Join(dir, "x"), out: filepath.Join(state, "x")},
		{path: "a/../x", in: filepath.Join(dir, "x"), out: filepath.Join(state, "x")},
		{path: "../x", in: filepath.Join(dir, "..", "x"), refused: "leaves the state folder"},
		{path: "a/../../x", in: filepath.Join(dir, "..", "x"), refused: "leaves the state folder"},
		{path: abs, in: abs, out: abs},
		{path: abs + "/../y", in: filepath.Join(filepath.Dir(abs), "y"), out: filepath.Join(filepath.Dir(abs), "y")},
		{path: "~/x", in: filepath.Join(home, "x"), out: filepath.Join(home, "x")},
	} {
		if got, err := env.InputPath(c.path); err != nil || got != c.in {
			t.Errorf("input %q is %q, %v; want %q", c.path, got, err, c.in)
		}
		got, err := env.OutputPath(c.path)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("output %q is %q, %v; want an error with %q", c.path, got, err, c.refused)
			}
		} else if err != nil || got != c.out {
			t.Errorf("output %q is %q, %v; want %q", c.path, got, err, c.out)
		}
	}
	if _, err := env.InputPath(""); err == nil {
		t.Error("an empty input path is accepted")
	}
	if _, err := env.OutputPath(""); err == nil {
		t.Error("an empty output path is accepted")
	}
}
