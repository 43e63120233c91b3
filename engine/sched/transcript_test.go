package sched_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected output of the transcripts; read the diff before committing it")

// TestTranscripts plays every file of testdata and compares what the core decided with what the file says.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { transcript(t, file) })
	}
}

func transcript(t *testing.T, file string) {
	head, want := read(t, file)
	got := play(t, file).out.String()
	if *update {
		if err := os.WriteFile(file, []byte(head+"----\n"+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s: the core decided\n%s\nand the transcript says\n%s", file, got, want)
	}
}

// read returns what happens in a transcript and what the core is to decide.
func read(t *testing.T, file string) (head, want string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, want, _ = strings.Cut(string(raw), "----\n")
	return head, want
}

// play lets happen what a transcript says.
func play(t *testing.T, file string) *sim {
	t.Helper()
	head, _ := read(t, file)
	s := newSim(t)
	for i, line := range strings.Split(head, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := s.command(line); err != nil {
			t.Fatalf("%s:%d: %v", file, i+1, err)
		}
	}
	return s
}
