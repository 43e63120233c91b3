package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/dsl/report"
	"rvo.dev/nodes/all"
)

// printed collects what a command prints while another goroutine reads it.
type printed struct {
	mu struct {
		sync.Mutex
		b bytes.Buffer
	}
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.b.Write(b)
}

// await returns when text was printed.
func (p *printed) await(t *testing.T, text string) {
	t.Helper()
	for range 3000 {
		p.mu.Lock()
		got := p.mu.b.String()
		p.mu.Unlock()
		if strings.Contains(got, text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q was never printed", text)
}

// It checks anew when a file changes that it read, also one that the named file imports, and ends without fault.
func TestVetWatch(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const pipeline = "package site\n\nimport \"pipeline.local/lib\"\n\napiVersion: \"rvo/v1\"\ncameras: gate: lib.camera\n"
	put("site.cue", pipeline)
	put("lib/lib.cue", "package lib\n\ncamera: {synthetic: {}, fps: 5}\n")
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	var out printed
	a := &app{Program: Program{Kinds: kinds}, Streams: Streams{
		Out: &out, Err: &out, Now: time.Now, Env: func(string) string { return "" },
	}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- watchVet(ctx, a, vetFlags{}, report.Text, []string{dir}) }()

	out.await(t, "checked 1 pipeline at")
	put("site.cue", pipeline+"cameras: gate: fsp: 7\n")
	out.await(t, `unknown field "fsp"`)
	put("site.cue", pipeline)
	put("lib/lib.cue", "package lib\n\ncamera: {synthetic: {}, rnig: 5}\n")
	out.await(t, `unknown field "rnig"`)
	put("lib/lib.cue", "package lib\n\ncamera: {synthetic: {}, \n")
	out.await(t, `error[RVO005]`)
	put("lib/lib.cue", "package lib\n\ncamera: {synthetic: {}, fsp: 5}\n")
	out.await(t, `lib/lib.cue:3:25: error[RVO002]: unknown field "fsp"`)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
