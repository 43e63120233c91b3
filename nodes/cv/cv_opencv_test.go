//go:build cgo && opencv

package cv

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// env is what the engine would hand to a node of this test.
func env(t testing.TB) node.Env {
	t.Helper()
	return node.Env{
		ID: "test", Dir: t.TempDir(), StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Secret: func(s node.Secret) (string, error) { return os.Getenv(s.Env), nil },
		Now:    func() tick.Time { return 0 },
	}
}

func kind(t testing.TB, name string) node.Kind {
	t.Helper()
	for _, k := range Kinds() {
		if k.Contract.Name == name {
			return k
		}
	}
	t.Fatalf("no kind %q", name)
	return node.Kind{}
}

func options(t testing.TB, o any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// openClip opens a file camera on path.
func openClip(t testing.TB, path string, loop bool) (node.Stream, error) {
	t.Helper()
	k := kind(t, "file")
	src, err := k.OpenCamera(node.CameraEnv{Env: env(t), Camera: "test", Loop: loop}, options(t, FileOptions{Path: path}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Open(t.Context())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, nil
}

func newPool(t testing.TB, slabs int) *frame.Pool {
	t.Helper()
	p := frame.NewPool(frame.PoolOptions{Camera: "test", Slabs: slabs})
	t.Cleanup(func() {
		if held := p.Stats().Held; held != 0 {
			t.Errorf("%d frames still held", held)
		}
		p.Close()
	})
	return p
}

// ffmpeg makes a clip from the arguments and returns its path; the last argument is the file's name.
func ffmpeg(t testing.TB, args ...string) string {
	t.Helper()
	bin, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed: apt-get install ffmpeg")
	}
	path := filepath.Join(t.TempDir(), args[len(args)-1])
	full := append([]string{"-v", "error", "-y"}, args[:len(args)-1]...)
	if out, err := exec.Command(bin, append(full, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", full, err, out)
	}
	return path
}

// media returns a file of the shared test clips, or skips.
func media(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "media", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("clip %s is not beside the repository: %v", name, err)
	}
	return path
}

// instance opens a detector and an instance of it.
func instance(t testing.TB, name string, o any) (node.Instance, *node.Run) {
	t.Helper()
	k := kind(t, name)
	raw := options(t, o)
	m, err := k.OpenDetector(t.Context(), node.DetectorEnv{Env: env(t), Threads: 1}, raw)
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), m.Close()); err != nil {
			t.Error(err)
		}
	})
	emits, err := k.Contract.Emits(raw)
	if err != nil {
		t.Fatal(err)
	}
	return in, node.NewRun(emits)
}

// detect runs an instance on one picture and returns its signals by name.
func detect(t testing.TB, in node.Instance, run *node.Run, emits []node.Emit, f *frame.Frame) map[string]any {
	t.Helper()
	run.Reset()
	run.Frames = append(run.Frames, f)
	if err := in.Detect(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, o := range run.Outputs() {
		got[emits[o.Index].Name] = o.Value.Plain()
	}
	return got
}

// all reads a clip to its end and calls each with every picture; errors that wrap node.ErrCorrupt are collected.
func all(t testing.TB, s node.Stream, pool *frame.Pool, each func(*frame.Frame)) (corrupt []error) {
	t.Helper()
	for {
		f, err := s.Next(t.Context(), pool)
		switch {
		case errors.Is(err, io.EOF):
			return corrupt
		case errors.Is(err, node.ErrCorrupt):
			corrupt = append(corrupt, err)
			continue
		case err != nil:
			t.Fatal(err)
		}
		each(f)
		f.Release()
	}
}
