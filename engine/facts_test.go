package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/node"
)

// TestFacts: content tells files apart and not their times, a secret's file is told by its time and size alone, and what
// cannot be read is empty.
func TestFacts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, at time.Time) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	file := func(p string) string { return engine.Facts(dir).File(p) }
	secret := func(s node.Secret) string { return engine.Facts(dir).Secret(s) }
	noon := time.Unix(1_700_000_000, 0)
	write("m.onnx", "one", noon)
	write("pictures/1.png", "x", noon)

	kept := engine.Facts(dir)
	one, folder := kept.File("m.onnx"), kept.File("pictures")
	if one == "" || folder == "" || one == folder {
		t.Fatalf("file %q, folder %q", one, folder)
	}
	if abs := file(filepath.Join(dir, "m.onnx")); abs != one {
		t.Error("the same file by its whole path has another hash")
	}
	write("m.onnx", "one", noon.Add(time.Hour))
	if file("m.onnx") != one {
		t.Error("another time of the same content shows")
	}
	write("m.onnx", "two", noon)
	if file("m.onnx") == one {
		t.Error("another content does not show")
	}
	if kept.File("m.onnx") != one {
		t.Error("facts that were asked once change")
	}
	write("pictures/2.png", "y", noon)
	if file("pictures") == folder {
		t.Error("one picture more in a folder does not show")
	}
	if got := file("nothing"); got != "" {
		t.Errorf("a file that is not there: %q", got)
	}

	write("token", "hunter1", noon)
	first := secret(node.Secret{File: "token"})
	write("token", "hunter2", noon)
	if got := secret(node.Secret{File: "token"}); first == "" || got != first {
		t.Errorf("%q, then %q: something of the secret was read", first, got)
	}
	write("token", "hunter2", noon.Add(time.Second))
	if got := secret(node.Secret{File: "token"}); got == first {
		t.Error("a secret that was written anew does not show")
	}
	if got := secret(node.Secret{Env: "TOKEN"}) + secret(node.Secret{File: "nothing"}); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// TestFactsOfLargeFiles: of a recording its ends, its size and its time have a part.
func TestFactsOfLargeFiles(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "clip.mp4")
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	noon := time.Unix(1_700_000_000, 0)
	seen := map[string]string{}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"made", func() error { return f.Truncate(300 << 20) }}, // sparse: it takes no disk
		{"longer", func() error { return f.Truncate(301 << 20) }},
		{"another end", func() error { _, err := f.WriteAt([]byte{1}, 301<<20-1); return err }},
		{"another beginning", func() error { _, err := f.WriteAt([]byte{1}, 0); return err }},
		{"another time", func() error { noon = noon.Add(time.Second); return nil }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, noon, noon); err != nil {
			t.Fatal(err)
		}
		h := engine.Facts(dir).File("clip.mp4")
		if h == "" || seen[h] != "" {
			t.Errorf("%s: hash %q is that of %q", step.what, h, seen[h])
		}
		seen[h] = step.what
	}
}
