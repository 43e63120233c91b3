package vet_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/dsl/vet/vettest"
)

// childEnv says to the test program that it is the child of a test.
const childEnv = "RVO_TEST_CHILD"

// TestChild is the child of the other tests when they start it.
func TestChild(t *testing.T) {
	switch os.Getenv(childEnv) {
	case "serve":
		if err := vet.Serve(t.Context(), vettest.Kinds(t), nil, os.Stdin, os.Stdout); err != nil {
			t.Fatal(err)
		}
		os.Exit(0)
	case "garbage":
		_, _ = os.Stdout.WriteString("{}")
		os.Exit(0)
	case "crash":
		os.Exit(3)
	default:
		t.Skip("is run by other tests, as their child")
	}
}

// child returns the command of a child that behaves as what says.
func child(t *testing.T, what string) []string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(childEnv, what)
	return []string{exe, "-test.run=^TestChild$"}
}

// What a child says is what Vet says: findings with their lines, files, spec and graph.
func TestChildSaysWhatVetSays(t *testing.T) {
	command := child(t, "serve")
	kinds := vettest.Kinds(t)
	sources := map[string]string{
		"clean": string(site(3)), "syntax": "apiVersion: {", "faulty": string(site(2)) + "events: x: when: {signal: \"motion.levle\", gte: 1}\n",
		"warned": string(site(1)) + "cameras: more: file: path: \"x\"\nsinks: {}\nevents: ev_0: labels: a: \"b\"\n",
		"unread": "",
	}
	for name, text := range sources {
		t.Run(name, func(t *testing.T) {
			opts := vet.Options{Kinds: kinds, Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(text)}}
			if name == "unread" {
				opts.Files = nil
			}
			want, err := vet.Vet(t.Context(), []string{"p.cue"}, opts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := vet.InChild(t.Context(), command, []string{"p.cue"}, opts)
			if err != nil {
				t.Fatal(err)
			}
			var a, b strings.Builder
			if err := errors.Join(dsl.WriteText(&a, got.Findings, 0), dsl.WriteText(&b, want.Findings, 0)); err != nil {
				t.Fatal(err)
			}
			if a.String() != b.String() {
				t.Errorf("findings\n%s\nwant\n%s", a.String(), b.String())
			}
			if strings.Join(got.Files, " ") != strings.Join(want.Files, " ") || (got.Graph == nil) != (want.Graph == nil) {
				t.Errorf("files %v, graph %v; want %v, %v", got.Files, got.Graph != nil, want.Files, want.Graph != nil)
			}
			if want.Graph == nil {
				return
			}
			x, err := json.Marshal(got.Spec)
			if err != nil {
				t.Fatal(err)
			}
			y, err := json.Marshal(want.Spec)
			if err != nil {
				t.Fatal(err)
			}
			if string(x) != string(y) {
				t.Errorf("spec\n%s\nwant\n%s", x, y)
			}
			if len(got.Graph.Cells) != len(want.Graph.Cells) || len(got.Graph.Machines) != len(want.Graph.Machines) {
				t.Error("the graphs differ")
			}
		})
	}
}

// What has no end or no bound is ended, and said as a finding.
func TestChildGivesUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for limits")
	}
	command := child(t, "serve")
	dir := t.TempDir()
	for name, text := range map[string]string{
		// A million elements: lists are built in quadratic time.
		"elements": "import \"list\"\napiVersion: \"rvo/v1\"\ncameras: {for i in list.Range(0, 1000000, 1) {\"c\\(i)\": file: path: \"x\"}}\n",
		// More memory at once than any machine has: the Go runtime ends the process.
		"memory": "apiVersion: \"rvo/v1\"\n_a: \"0123456789\"\n_b: _a*100000\n_c: _b*1000000\ncameras: gate: file: path: _c\n",
	} {
		start := time.Now()
		r, err := vet.InChild(t.Context(), command, []string{"p.cue"}, vet.Options{
			Kinds: vettest.Kinds(t), Dir: dir, Files: map[string][]byte{"p.cue": []byte(text)}, Limit: 300 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(name, err)
		}
		if len(r.Findings) != 1 || r.Findings[0].Code != dsl.CodeLimit || !dsl.CouldNotRun(r.Findings) || r.Graph != nil {
			t.Errorf("%s: findings %v after %s", name, r.Findings, time.Since(start))
		}
	}
}

// A child that is none, says nothing of use or ends is told apart from a pipeline with faults.
func TestChildFails(t *testing.T) {
	opts := vet.Options{Kinds: vettest.Kinds(t), Dir: t.TempDir(), Files: map[string][]byte{"p.cue": site(1)}}
	if _, err := vet.InChild(t.Context(), nil, []string{"p.cue"}, opts); err == nil {
		t.Error("no command was taken")
	}
	if _, err := vet.InChild(t.Context(), []string{filepath.Join(t.TempDir(), "none")}, []string{"p.cue"}, opts); err == nil {
		t.Error("a command that is not there was taken")
	}
	if _, err := vet.InChild(t.Context(), child(t, "garbage"), []string{"p.cue"}, opts); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("garbage gave %v", err)
	}
	r, err := vet.InChild(t.Context(), child(t, "crash"), []string{"p.cue"}, opts)
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Code != dsl.CodeLimit {
		t.Errorf("a crash gave %v, %v", r, err)
	}
	if _, err := vet.InChild(t.Context(), child(t, "serve"), nil, opts); err == nil || !strings.Contains(err.Error(), "no pipeline named") {
		t.Errorf("no paths gave %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := vet.InChild(ctx, child(t, "serve"), []string{"p.cue"}, opts); !errors.Is(err, why) {
		t.Errorf("a cancelled context gave %v", err)
	}
	if err := vet.Serve(t.Context(), opts.Kinds, nil, strings.NewReader("hello"), &strings.Builder{}); err == nil {
		t.Error("a question that is none was answered")
	}
}

// Reloads in a child leave nothing behind in the process that asks. Measured when written: below 0.2 MiB over 30.
func TestChildLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("starts thirty processes")
	}
	command := child(t, "serve")
	opts := vet.Options{Kinds: vettest.Kinds(t), Dir: t.TempDir(), Files: map[string][]byte{"p.cue": site(10)}}
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	reload := func(n int) {
		for range n {
			if r, err := vet.InChild(t.Context(), command, []string{"p.cue"}, opts); err != nil || r.Graph == nil {
				t.Fatal(err)
			}
		}
	}
	reload(3)
	before := heap()
	reload(30)
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("30 reloads left %d KiB behind", grown>>10)
	} else {
		t.Logf("30 reloads left %d KiB behind", grown>>10)
	}
}
