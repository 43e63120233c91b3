package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rvo.dev/bench"
	"rvo.dev/engine"
)

// check refuses what could not be measured or written, before minutes are spent on it.
func (f *benchFlags) check() error {
	switch {
	case f.runs < 1:
		return fmt.Errorf("--runs %d: must be at least 1", f.runs)
	case f.sample <= 0:
		return fmt.Errorf("--sample %v: must be above 0", f.sample)
	case f.nice < 0 || f.nice > engine.MaxNice:
		return fmt.Errorf("--nice %d: must be from 0 to %d", f.nice, engine.MaxNice)
	case f.plot && f.out == "":
		return errors.New("--plot needs a folder: --out DIR")
	case f.targets && f.design != "":
		return errors.New("--targets compares both designs: leave --design out")
	}
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		if err := writable(f.out); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	if f.readme == "" {
		return nil
	}
	if st, err := os.Stat(f.readme); err == nil && st.IsDir() {
		return fmt.Errorf("--readme: %s is a folder: name the file", f.readme)
	}
	if err := writable(filepath.Dir(f.readme)); err != nil {
		return fmt.Errorf("--readme: %w", err)
	}
	return nil
}

// writable returns why a file cannot be made in a folder, nil where it can.
func writable(dir string) error {
	t, err := os.CreateTemp(dir, ".rvo-bench-*")
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("no file can be made in %s: %w: name a folder that can be written", dir, e.Err)
	}
	if err != nil {
		return err
	}
	return errors.Join(t.Close(), os.Remove(t.Name()))
}

// part keeps what was measured before a signal or an error ended it, and returns the error that says so.
func (f *benchFlags) part(a *app, r *bench.Report, windows int, why error) error {
	if errors.Is(why, context.Canceled) {
		why = errors.New("ended by a signal")
	}
	if len(r.Results) == 0 {
		return why
	}
	why = fmt.Errorf("%w after %d of %d windows", why, len(r.Results), windows)
	if f.out != "" {
		if err := f.files(a, r); err != nil {
			return errors.Join(why, err)
		}
		why = fmt.Errorf("%w, which are in %s", why, f.out)
	}
	return errors.Join(why, r.PrintTable(a.Out))
}

// files writes what goes into --out, and says which figures that is: of few scenarios there is none.
func (f *benchFlags) files(a *app, r *bench.Report) error {
	drawn, err := r.Write(f.out, f.plot)
	switch {
	case err != nil:
		return err
	case f.plot && len(drawn) == 0:
		fmt.Fprintf(a.Err, "--plot: no figure compares what was measured, %s has the tables: docs/benchmarking.md says what each figure needs\n", filepath.Join(f.out, "report.html"))
	case f.plot:
		fmt.Fprintf(a.Err, "drawn: %s, and %s has them\n", strings.Join(drawn, ", "), filepath.Join(f.out, "report.html"))
	}
	return nil
}

func (f *benchFlags) write(a *app, r *bench.Report) error {
	if f.out != "" {
		if err := f.files(a, r); err != nil {
			return err
		}
	}
	if f.readme == "" {
		return nil
	}
	text, err := r.Markdown()
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.readme, []byte(text), 0o644); err != nil {
		return fmt.Errorf("--readme: %w", err)
	}
	return nil
}
