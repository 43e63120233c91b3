// Command reloadspeed measures how long it takes from saving a pipeline's file until the new graph runs, and where that time goes.
//
//	go run ./bench/reloadspeed
//
// It builds rvo from this tree, runs it on synthetic cameras, and edits one event's hold again and again, each time with a rename
// over the file as editors do. The parts are those that rvo tells at GET /api/v1/reloads: wait is from the file's change until it was
// looked at (50 ms of quiet among it), read is the evaluation and vet in a process of its own, prepare what is opened, commit the time
// in which the core takes no input. It exits with 1 where the middle of all edits at 10 cameras is above the target, 2 where it cannot
// measure.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// target is for a retune at targetCameras: whoever saves a file looks up and sees it.
	target        = 150 * time.Millisecond
	targetCameras = 10
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	fs := flag.NewFlagSet("reloadspeed", flag.ContinueOnError)
	fs.SetOutput(errs)
	sizes := fs.String("cameras", "1,10,100", "numbers of cameras")
	edits := fs.Int("edits", 20, "edits at each size")
	program := fs.String("rvo", "", "the program to measure; empty: it is built from this tree without OpenCV")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	rows, err := measure(ctx, *program, *sizes, *edits, errs)
	if err != nil {
		fmt.Fprintln(errs, "reloadspeed:", err)
		return 2
	}
	return table(out, rows)
}

// row is what was measured at one size: each part of each edit, in seconds.
type row struct {
	cameras int
	parts   map[string][]float64
}

// measure edits a pipeline of each size.
func measure(ctx context.Context, program, sizes string, edits int, errs io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "reloadspeed")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if program == "" {
		program = filepath.Join(dir, "rvo")
		fmt.Fprintln(errs, "reloadspeed: building rvo")
		build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", program, "rvo.dev/cmd/rvo")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build rvo.dev/cmd/rvo: %w\n%s", err, text)
		}
	}
	var rows []row
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 1 || edits < 1 {
			return nil, fmt.Errorf("-cameras %q, -edits %d: must be numbers from 1", sizes, edits)
		}
		r, err := one(ctx, program, filepath.Join(dir, strconv.Itoa(n)), n, edits)
		if err != nil {
			return nil, fmt.Errorf("%d cameras: %w", n, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// one edits a pipeline of n cameras.
func one(ctx context.Context, program, dir string, n, edits int) (row, error) {
	r := row{cameras: n, parts: map[string][]float64{}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return r, err
	}
	file := filepath.Join(dir, "site.cue")
	if err := save(file, site(n, 0)); err != nil {
		return r, err
	}
	p, err := start(ctx, program, dir, file)
	if err != nil {
		return r, err
	}
	defer p.stop()
	for i := range edits + 1 {
		// Not at the same moment of any period.
		time.Sleep(700*time.Millisecond + time.Duration(i%7)*13*time.Millisecond)
		if err := save(file, site(n, i+1)); err != nil {
			return r, err
		}
		o, err := p.applied(ctx, uint64(i)+2)
		if err != nil {
			return r, err
		}
		if i == 0 {
			continue // the first has no process that waits for it yet
		}
		for part, s := range o.Seconds {
			r.parts[part] = append(r.parts[part], s)
		}
	}
	return r, nil
}

// save writes a file as editors do: beside it, then over it.
func save(file, text string) error {
	if err := os.WriteFile(file+"~", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(file+"~", file)
}

// site is a pipeline of n cameras with an event each; edit changes how long one is held.
func site(n, edit int) string {
	var b strings.Builder
	b.WriteString("apiVersion: \"rvo/v1\"\ndetectors: motion: {motion: {}, fps: 2}\nsinks: log: jsonl: path: \"events.jsonl\"\nengine: ringMemory: \"4GiB\"\n")
	for i := range n {
		hold := 2000
		if i == 0 {
			hold += edit
		}
		fmt.Fprintf(&b, "cameras: cam_%d: {synthetic: {noise: 4}, fps: 2, width: 160, height: 120}\n", i)
		fmt.Fprintf(&b, "events: ev_%d: {when: {signal: \"motion.level\", gte: 0.1}, hold: \"%dms\", cooldown: \"9s\", cameras: [\"cam_%d\"]}\n", i, hold, i)
	}
	return b.String()
}

// parts are those of a reload, in their order.
func parts() []string { return []string{"wait", "read", "prepare", "commit", "total"} }

// table prints what was measured and returns the exit code.
func table(out io.Writer, rows []row) int {
	fmt.Fprintf(out, "%d CPUs, %s; saved to live, milliseconds: middle and worst of the edits\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(out, "%8s", "cameras")
	for _, p := range parts() {
		fmt.Fprintf(out, " %17s", p)
	}
	fmt.Fprintln(out)
	code, verdict := 0, ""
	for _, r := range rows {
		fmt.Fprintf(out, "%8d", r.cameras)
		for _, p := range parts() {
			fmt.Fprintf(out, " %8.3f %8.3f", 1e3*middle(r.parts[p]), 1e3*slices.Max(r.parts[p]))
		}
		fmt.Fprintln(out)
		if r.cameras != targetCameras {
			continue
		}
		verdict = "pass"
		if middle(r.parts["total"]) > target.Seconds() {
			code, verdict = 1, "fail"
		}
		verdict = fmt.Sprintf("%s: %.1f ms at %d cameras, target %d ms\n", verdict, 1e3*middle(r.parts["total"]), targetCameras, target.Milliseconds())
	}
	fmt.Fprint(out, verdict)
	return code
}

// middle returns the median, the upper one of two.
func middle(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	return s[len(s)/2]
}
