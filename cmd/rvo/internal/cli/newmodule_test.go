package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet"
	"rvo.dev/nodes/all"
	"rvo.dev/schema"
)

// writeInit writes the files of a new module to a folder.
func writeInit(t *testing.T, dir string) []byte {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	text, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range schema.InitFiles(text) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return text
}

// What rvo init writes has nothing that vet could say of it, its tests included, and is formatted.
func TestInitVets(t *testing.T) {
	dir := t.TempDir()
	writeInit(t, dir)
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, tests := range []bool{false, true} {
		r, err := vet.Vet(t.Context(), []string{"."}, vet.Options{Kinds: kinds, Dir: dir, Tests: tests})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) > 0 || r.Graph == nil {
			t.Errorf("findings %v", r.Findings)
		}
		if n := len(r.Document.Pipeline.Tests); (n > 0) != tests {
			t.Errorf("with tests %v there are %d", tests, n)
		}
	}
}

// The JSON Schema of this program's language can be made: no kind says what JSON cannot.
func TestJSONSchemaOfAllKinds(t *testing.T) {
	text := writeInit(t, t.TempDir())
	if _, err := schema.JSONSchema(text); err != nil {
		t.Error(err)
	}
}

// cue vet takes what rvo init writes and finds a typo in a reference by itself.
func TestInitPassesCueVet(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the cue command")
	}
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	cue := filepath.Join(t.TempDir(), "cue")
	// The version of the module that rvo is built with, from the module cache or a proxy.
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "cuelang.org/go").Output()
	if err != nil {
		t.Skipf("go list does not run here: %v", err)
	}
	build := exec.CommandContext(t.Context(), "go", "install", "cuelang.org/go/cmd/cue@"+string(version[:len(version)-1])) //nolint:gosec // the version of our own module file
	build.Dir = root
	build.Env = append(os.Environ(), "GOBIN="+filepath.Dir(cue), "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("the cue command cannot be built here, its modules may be missing: %v\n%s", err, out)
	}
	dir := t.TempDir()
	writeInit(t, dir)
	vetted := func() ([]byte, error) {
		c := exec.CommandContext(t.Context(), cue, "vet", "-c", ".") //nolint:gosec // the command that was just built
		c.Dir = dir
		return c.CombinedOutput()
	}
	if out, err := vetted(); err != nil {
		t.Fatalf("cue vet: %v\n%s", err, out)
	}
	file := filepath.Join(dir, "pipeline.cue")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(replaced(t, string(text), "emits.level.ref", "emits.levle.ref")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := vetted(); err == nil {
		t.Errorf("cue vet took a reference to a signal that is none:\n%s", out)
	}
}

func replaced(t *testing.T, text, old, now string) string {
	t.Helper()
	out := strings.Replace(text, old, now, 1)
	if out == text {
		t.Fatalf("there is no %q", old)
	}
	return out
}
