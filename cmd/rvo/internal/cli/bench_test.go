package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ender ends a context when it is told of the first window.
type ender struct {
	bytes.Buffer
	end context.CancelFunc
}

// Write implements io.Writer.
func (e *ender) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(" run 1 ")) {
		e.end()
	}
	return e.Buffer.Write(p)
}

// TestBenchKeepsWhatItMeasured: a signal in the middle of many windows costs the rest of them. It used to cost all.
func TestBenchKeepsWhatItMeasured(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var out bytes.Buffer
	said := &ender{end: end}
	dir := t.TempDir()
	page := filepath.Join(dir, "page.md")
	cmd := newBench(&app{Streams: Streams{Out: &out, Err: said, Now: System().Now}})
	cmd.SetArgs([]string{"--scenario", "baseline", "--runs", "50", "--duration", "40ms", "--warmup", "10ms", "--sample", "20ms", "--retries", "0", "--out", dir, "--plot", "--readme", page})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(ctx)
	if err == nil || !strings.Contains(err.Error(), "ended by a signal after 1 of 100 windows, which are in "+dir) {
		t.Fatalf("ended with %v\n%s", err, said)
	}
	if !strings.Contains(out.String(), "\nbaseline  lanes ") {
		t.Errorf("the table has not the window that was measured:\n%s", &out)
	}
	rows, err := os.ReadFile(filepath.Join(dir, "summary.csv"))
	if err != nil || bytes.Count(rows, []byte("\n")) != 2 {
		t.Errorf("summary.csv has not a head and one window (%v):\n%s", err, rows)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(said.String(), "--plot: no figure compares what was measured") {
		t.Errorf("it does not say that there is no figure:\n%s", said)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("a part of the windows became the page")
	}
}
