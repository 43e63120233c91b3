package cli

import (
	"context"
	"fmt"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"rvo.dev/cmd/rvo/internal/watch"
	"rvo.dev/dsl"
	"rvo.dev/dsl/report"
)

// watchVet checks on each change until it is asked to stop, which is no fault whatever was found last.
func watchVet(ctx context.Context, a *app, f vetFlags, format report.Format, paths []string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	w := watch.New()
	defer func() { _ = w.Close() }()
	named, err := watchable(paths)
	if err != nil {
		return err
	}
	// Seen before it is read, so that a change in between is one.
	w.Set(named, nil)
	var known []string
	for {
		r, files, err := vetAll(ctx, a, f, paths)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		// What could be read says what else to watch: imports, data. It is read again once it is watched. What is broken may not
		// say all: the file to be mended is among those of before.
		if dsl.HasErrors(r.Findings()) {
			files = append(files, known...)
		}
		known = slices.Compact(slices.Sorted(slices.Values(files)))
		if grown := w.Set(slices.Concat(named, known), nil); grown {
			continue
		}
		if format == report.Text && a.ErrTerminal {
			fmt.Fprint(a.Err, "\x1b[2J\x1b[H") // the screen is this check's
		}
		if err := printReport(a, r, format); err != nil {
			return err
		}
		if format == report.Text {
			fmt.Fprintf(a.Err, "rvo: checked %s at %s; watching for changes\n", count(len(r.Pipelines), "pipeline"), a.Now().Format("15:04:05"))
		}
		if err := w.Wait(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// watchable returns the absolute paths of files and folders; a package path stands for the working directory, DIR/... for
// DIR.
func watchable(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		if dir, ok := below(p); ok {
			p = dir
		}
		p, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
