package proto_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notHere is what generate.sh exits with where a tool is not installed or the registries of the others cannot be reached.
const notHere = 3

// TestGeneratedCodeIsThatOfTheFiles makes the code of all three languages again and compares.
func TestGeneratedCodeIsThatOfTheFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the plugins")
	}
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "./generate.sh", dir).CombinedOutput()
	if bad, ok := errors.AsType[*exec.ExitError](err); ok && bad.ExitCode() == notHere {
		t.Skipf("the code cannot be made here: %s", out)
	} else if err != nil {
		t.Fatalf("generate.sh: %v\n%s", err, out)
	}
	made := map[string]int{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			return err
		}
		made[filepath.Ext(name)]++
		if strings.HasPrefix(filepath.Ext(name), ".py") && protoc(got) != protoc(want) {
			return nil // it is protoc itself that writes Python, each version differently
		}
		if !bytes.Equal(body(got), body(want)) {
			t.Errorf("%s is not what its .proto file gives: run proto/generate.sh", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, ext := range []string{".go", ".py", ".pyi", ".ts"} {
		if made[ext] == 0 {
			t.Errorf("generate.sh made no %s file", ext)
		}
	}
}

// protoc returns what tells the generation of protoc that wrote Python code: later ones check the library's version in it.
func protoc(code []byte) string {
	return string(regexp.MustCompile(`(?m)^# Protobuf Python Version: .*$`).Find(code))
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
