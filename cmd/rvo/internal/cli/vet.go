package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"rvo.dev/dsl"
)

// maxFindings is how many findings are printed for people: what follows is read after these are mended.
const maxFindings = 50

type vetFlags struct {
	format string
	tags   []string
}

func newVet(a *app) *cobra.Command {
	var f vetFlags
	cmd := &cobra.Command{
		Use:   "vet PATH...",
		Short: "check pipelines without running them",
		Long: `Check pipelines. PATH is a .cue file, a folder or a package path; files belong together,
every folder is a pipeline of its own. Nothing is opened: what passes is what run would run.

  rvo vet pipelines/quickstart
  rvo vet --format json -t site=hamburg gate.cue

Exit code 0: no errors (warnings do not count). 1: errors. 2: could not look.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("vet needs a PATH: a .cue file, a folder or a package path")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runVet(cmd.Context(), a, f, args) },
	}
	cmd.Flags().StringVar(&f.format, "format", "text", "text or json")
	cmd.Flags().StringArrayVarP(&f.tags, "tag", "t", nil, "value for an @tag field (name=value) or name set for @if; repeatable")
	return cmd
}

func runVet(ctx context.Context, a *app, f vetFlags, paths []string) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q: must be text or json", f.format)
	}
	var all []dsl.Finding
	groups := dsl.Groups(paths)
	for _, group := range groups {
		in, err := a.load(ctx, group, f.tags)
		if err != nil {
			return err
		}
		all = append(all, in.findings...)
	}
	all = dsl.Sort(all)
	if err := printFindings(a, f.format, all); err != nil {
		return err
	}
	if code := verdict(all); code != ExitOK {
		return quiet(code)
	}
	return nil
}

// verdict is the exit code that findings ask for.
func verdict(fs []dsl.Finding) int {
	switch {
	case dsl.CouldNotRun(fs):
		return ExitCannotRun
	case dsl.HasErrors(fs):
		return ExitFindings
	}
	return ExitOK
}

// printFindings writes findings to standard output for programs and to standard error for people, as compilers do.
func printFindings(a *app, format string, fs []dsl.Finding) error {
	if format == "json" {
		return dsl.WriteJSON(a.Out, fs)
	}
	if err := dsl.WriteText(a.Err, fs, maxFindings); err != nil {
		return err
	}
	var errs, warnings int
	for _, f := range fs {
		switch f.Severity {
		case dsl.Error:
			errs++
		case dsl.Warning:
			warnings++
		case dsl.Info:
		}
	}
	if errs+warnings > 0 {
		fmt.Fprintf(a.Err, "%s, %s\n", count(errs, "error"), count(warnings, "warning"))
	}
	return nil
}

// count writes "1 event", "2 events".
func count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
