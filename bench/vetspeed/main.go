// Command vetspeed measures how long rvo vet takes beside cue vet, which does a fraction of it, on the same files in the same
// minutes.
//
//	go run ./bench/vetspeed
//
// Both programs are built first: rvo from this tree, cue from the version of its module that this tree uses. For each size it
// writes a module as rvo init does, with a pipeline that imports the schema, runs the two in turn and prints the least that each
// took and the ratio. On a machine that does other things too, CPU time tells more than wall time. It exits with 1 where the ratio is above the target, 2 where it cannot measure.
package main

import (
	"cmp"
	"context"
	"errors"
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

// target is how much longer than cue vet rvo vet may take: it is run at every save and in every commit, where people know
// what CUE costs.
const target = 2.5

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	fs := flag.NewFlagSet("vetspeed", flag.ContinueOnError)
	fs.SetOutput(errs)
	sizes := fs.String("cameras", "1,10,100,1000", "numbers of cameras")
	runs := fs.Int("runs", 5, "runs of each program at each size")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	rows, err := measure(ctx, *sizes, *runs, errs)
	if err != nil {
		fmt.Fprintln(errs, "vetspeed:", err)
		return 2
	}
	return table(out, rows)
}

// row is what was measured at one size.
type row struct {
	cameras  int
	cue, rvo cost
}

// cost is the least that runs of a program took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // of all its threads
	peak int64         // bytes resident; 0 where the system does not say
}

// least is the smaller of each part: what else the machine did only ever adds.
func (c cost) least(o cost) cost {
	if c.wall == 0 {
		return o
	}
	return cost{min(c.wall, o.wall), min(c.cpu, o.cpu), min(c.peak, o.peak)}
}

// measure builds both programs and runs them in turn.
func measure(ctx context.Context, sizes string, runs int, errs io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "vetspeed")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	rvo, cue, err := build(ctx, dir, errs)
	if err != nil {
		return nil, err
	}
	var rows []row
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 1 || runs < 1 {
			return nil, fmt.Errorf("-cameras %q, -runs %d: must be numbers from 1", sizes, runs)
		}
		module := filepath.Join(dir, strconv.Itoa(n))
		if err := command(ctx, dir, rvo, "init", module).Run(); err != nil {
			return nil, fmt.Errorf("rvo init: %w", err)
		}
		for name, text := range files(n) {
			if err := os.WriteFile(filepath.Join(module, name), text, 0o644); err != nil {
				return nil, err
			}
		}
		r := row{cameras: n}
		for range runs {
			c, err := once(ctx, module, cue, "vet", "-c", ".")
			if err != nil {
				return nil, err
			}
			v, err := once(ctx, module, rvo, "vet", "--format", "concise", ".")
			if err != nil {
				return nil, err
			}
			r.cue, r.rvo = r.cue.least(c), r.rvo.least(v)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// build returns the paths of both programs.
func build(ctx context.Context, dir string, errs io.Writer) (rvo, cue string, err error) {
	version, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "cuelang.org/go").Output()
	if err != nil {
		return "", "", fmt.Errorf("go list: %w: run it inside the repository", err)
	}
	at := "cuelang.org/go/cmd/cue@" + strings.TrimSpace(string(version))
	fmt.Fprintf(errs, "vetspeed: building rvo and %s\n", at)
	rvo, cue = filepath.Join(dir, "rvo"), filepath.Join(dir, "cue")
	install := exec.CommandContext(ctx, "go", "install", at)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := install.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("go install %s: %w\n%sits modules are not all in the cache, and cannot be fetched here", at, err, text)
	}
	make := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", rvo, "rvo.dev/cmd/rvo")
	make.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := make.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("go build rvo.dev/cmd/rvo: %w\n%s", err, text)
	}
	return rvo, cue, nil
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	return c
}

// once runs a program that must find nothing wrong: one that gives up early would look fast.
func once(ctx context.Context, dir, name string, args ...string) (cost, error) {
	c := command(ctx, dir, name, args...)
	began := time.Now()
	text, err := c.CombinedOutput()
	took := time.Since(began)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return cost{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), exit, text)
	}
	return cost{took, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak(c.ProcessState)}, err
}

// table prints what was measured and returns the exit code.
func table(out io.Writer, rows []row) int {
	fmt.Fprintf(out, "%d CPUs, %s; the least of the runs: wall time, CPU time of all threads, peak memory\n", runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(out, "%8s %10s %10s %8s %10s %10s %8s %8s %8s\n", "cameras", "cue wall", "rvo wall", "rvo/cue", "cue cpu", "rvo cpu", "rvo/cue", "cue MiB", "rvo MiB")
	worst := slices.MaxFunc(rows, func(a, b row) int { return cmp.Compare(a.ratio(), b.ratio()) })
	for _, r := range rows {
		fmt.Fprintf(out, "%8d %8.1fms %8.1fms %7.2fx %8.1fms %8.1fms %7.2fx %8.1f %8.1f\n", r.cameras, ms(r.cue.wall), ms(r.rvo.wall), r.ratio(),
			ms(r.cue.cpu), ms(r.rvo.cpu), ms(r.rvo.cpu)/max(ms(r.cue.cpu), 0.001), mib(r.cue.peak), mib(r.rvo.peak))
	}
	if worst.ratio() > target {
		fmt.Fprintf(out, "fail: wall time %.2fx with %d cameras, at most %.1fx\n", worst.ratio(), worst.cameras, target)
		return 1
	}
	fmt.Fprintf(out, "pass: wall time at most %.2fx, target %.1fx\n", worst.ratio(), target)
	return 0
}

func (r row) ratio() float64 { return float64(r.rvo.wall) / float64(max(r.cue.wall, 1)) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mib(n int64) float64 { return float64(n) / (1 << 20) }
