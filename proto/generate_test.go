package proto_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noPlugins is what generate.sh exits with where the module proxy cannot be reached.
const noPlugins = 3

// TestGeneratedCodeIsThatOfTheFiles makes the code again and compares. It needs protoc, which the Go tools do not bring along.
func TestGeneratedCodeIsThatOfTheFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugins")
	}
	if _, err := exec.LookPath("protoc"); err != nil {
		t.Skip("protoc is not installed (Debian: protobuf-compiler)")
	}
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "./generate.sh", dir).CombinedOutput()
	if bad, ok := errors.AsType[*exec.ExitError](err); ok && bad.ExitCode() == noPlugins {
		t.Skipf("the plugins cannot be built here: %s", out)
	} else if err != nil {
		t.Fatalf("generate.sh: %v\n%s", err, out)
	}
	made := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		made++
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !bytes.Equal(body(got), body(want)) {
			t.Errorf("%s is not what its .proto file gives: run proto/generate.sh", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if made == 0 {
		t.Error("generate.sh made nothing")
	}
}

// body returns generated code without the version of protoc, which is the system's.
func body(code []byte) []byte {
	var out []byte
	for line := range bytes.Lines(code) {
		if words := strings.Fields(string(line)); len(words) > 2 && len(words) < 5 && words[len(words)-2] == "protoc" {
			continue
		}
		out = append(out, line...)
	}
	return out
}
