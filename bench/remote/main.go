// Command remote measures what a detector that runs somewhere else does to a pipeline, when it is well and when it is not.
//
//	go run ./bench/remote
//
// A camera has a detector that computes in this process and one that asks a service on this machine. The service is well, then
// has one fault for a while, then is well again. Beside each such window one is measured with a detector in this process in
// the service's place, so that ratios need no trust in the machine. It prints a table: what the fault did to the core's ticks and
// to the detector beside it, the failed runs by cause, how long after its end the service was found again beside how long that may
// take, and whether an event rested on a picture that was too old. It exits with 1 where a promise is broken, 2 where it cannot
// measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"rvo.dev/nodes/detect/remote"
)

func main() {
	remote.Quiet(os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	fs := flag.NewFlagSet("remote", flag.ContinueOnError)
	fs.SetOutput(errs)
	window := fs.Duration("window", 4*time.Second, "how long each fault lasts, and each window without one")
	runs := fs.Int("runs", 3, "windows of each fault; medians are printed")
	only := fs.String("fault", "", "measure the faults whose names contain this")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if *window < 100*time.Millisecond || *runs < 1 {
		fmt.Fprintln(errs, "remote: -window must be 100ms or more, -runs 1 or more")
		return 2
	}
	var rows []*row
	for _, f := range faults() {
		if !strings.Contains(f.name, *only) {
			continue
		}
		r, err := measure(ctx, f, *window, *runs)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				fmt.Fprintf(errs, "remote: %s: %v\n", f.name, err)
			}
			return 2
		}
		rows = append(rows, r)
	}
	return table(out, rows)
}

// measure makes the windows of one fault and those beside them, in turn.
func measure(ctx context.Context, f fault, length time.Duration, runs int) (*row, error) {
	r := &row{fault: f}
	for range runs {
		base, err := window(ctx, nil, length)
		if err != nil {
			return nil, err
		}
		with, err := window(ctx, &f, length)
		if err != nil {
			return nil, err
		}
		r.base, r.with = append(r.base, base), append(r.with, with)
	}
	return r, nil
}
