package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rvo.dev/dsl"
	"rvo.dev/dsl/report"
	"rvo.dev/dsl/vet"
)

// maxFindings is how many findings are printed for people: what follows is read after these are mended.
const maxFindings = 50

type vetFlags struct {
	format string
	tags   []string
	deny   bool
	watch  bool
	fix    bool
	env    bool
}

func newVet(a *app) *cobra.Command {
	var f vetFlags
	cmd := &cobra.Command{
		Use:   "vet PATH...",
		Short: "check pipelines without running them",
		Long: `Check pipelines. PATH is a .cue file, a folder or a package path; files belong together,
every folder is a pipeline of its own, and DIR/... is every pipeline below DIR. Nothing is
opened: what passes is what run would run.

  rvo vet ./...
  rvo vet --format json -t site=hamburg gate.cue
  rvo vet --watch gate.cue

--format is text for people, concise for editors (one line a finding), json, sarif (2.1.0),
github (workflow commands), gitlab (Code Quality) or junit. auto is github in a GitHub
workflow, else text. Text goes to standard error, everything else to standard output.

--env looks at this machine too, as it is now: models and files that are missing, secrets that
are not set, addresses where nobody answers, a disk too small for the clips.

--fix makes the edits that are safe: a name that can only have meant one other, a unit that
is missing; then it checks again. rvo explain CODE says what a code is about.

Exit code 0: no errors (warnings do not count without --deny-warnings). 1: errors. 2: could
not look.`,
		Args: needPath("vet"),
		RunE: func(cmd *cobra.Command, args []string) error { return runVet(cmd.Context(), a, f, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.format, "format", "auto", "text, concise, json, sarif, github, gitlab, junit or auto")
	fs.BoolVar(&f.deny, "deny-warnings", false, "exit with 1 for warnings too")
	fs.BoolVar(&f.env, "env", false, "look at this machine too: models, files, secrets, endpoints, free disk")
	fs.BoolVar(&f.watch, "watch", false, "check again on each change, until a signal ends it")
	fs.BoolVar(&f.fix, "fix", false, "make the edits that are safe, then check again")
	addTags(fs, &f.tags)
	choices(cmd, "format", report.Formats(), "auto")
	return cmd
}

// addTags adds the flag for values from outside, which is the same wherever a pipeline is read.
func addTags(fs *pflag.FlagSet, tags *[]string) {
	fs.StringArrayVarP(tags, "tag", "t", nil, "value for an @tag field (name=value) or name set for @if; repeatable")
}

// needPath refuses a command without a path.
func needPath(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s needs a PATH: a .cue file, a folder or a package path", name)
		}
		return nil
	}
}

func runVet(ctx context.Context, a *app, f vetFlags, paths []string) error {
	format, err := report.Parse(f.format, a.Env)
	switch {
	case err != nil:
		return fmt.Errorf("--format: %w", err)
	case f.watch && f.fix:
		return errors.New("--watch and --fix do not go together: a file would change while you edit it")
	case f.watch:
		return watchVet(ctx, a, f, format, paths)
	}
	r, _, err := vetAll(ctx, a, f, paths)
	if err != nil {
		return err
	}
	if f.fix {
		if r, err = fixAll(ctx, a, f, paths, r); err != nil {
			return err
		}
	}
	if err := printReport(a, r, format); err != nil {
		return err
	}
	if code := verdict(r.Findings(), f.deny); code != ExitOK {
		return quiet(code)
	}
	return nil
}

// vetAll checks every pipeline that paths name. It returns the files they were read from, too.
func vetAll(ctx context.Context, a *app, f vetFlags, paths []string) (*report.Report, []string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, nil, err
	}
	r := &report.Report{
		Rules: rules(), Version: buildVersion(), Root: a.root(dir), Dir: dir, Deny: f.deny, Max: maxFindings,
	}
	var files []string
	pipelines, err := groups(paths)
	if err != nil {
		return nil, nil, err
	}
	for _, group := range pipelines {
		opts := vet.Options{Tags: f.tags}
		if f.env {
			a.look(ctx, &opts)
		}
		v, err := a.vet(ctx, group, opts)
		if err != nil {
			return nil, nil, err
		}
		r.Pipelines = append(r.Pipelines, report.Pipeline{Name: strings.Join(group, " "), Findings: v.Findings})
		files = append(files, v.Files...)
	}
	return r, files, nil
}

// rules tells a report what the codes of vet mean.
func rules() []report.Rule {
	var out []report.Rule
	for _, c := range vet.Codes() {
		out = append(out, report.Rule{Code: c.Code, Name: c.Name, Doc: c.Doc, Example: c.Example, Cure: c.Cure})
	}
	return out
}

// root is the root of the checkout where a CI says so: reports name files from there. Else the working directory is.
func (a *app) root(dir string) string {
	for _, name := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR"} {
		if root := a.Env(name); root != "" {
			return root
		}
	}
	return dir
}

// verdict is the exit code that findings ask for.
func verdict(fs []dsl.Finding, deny bool) int {
	errs, warnings, _ := report.Count(fs)
	switch {
	case dsl.CouldNotRun(fs):
		return ExitCannotRun
	case errs > 0 || deny && warnings > 0:
		return ExitFindings
	}
	return ExitOK
}

// printReport writes findings to standard output for programs and to standard error for people, as compilers do.
func printReport(a *app, r *report.Report, format report.Format) error {
	if format.Machine() {
		return r.Write(a.Out, format)
	}
	if err := r.Write(a.Err, format); err != nil {
		return err
	}
	if errs, warnings, _ := report.Count(r.Findings()); errs+warnings > 0 {
		fmt.Fprintf(a.Err, "%s, %s\n", count(errs, "error"), count(warnings, "warning"))
	}
	return nil
}

// printFindings tells a person what was found in a pipeline that another command was to work on, and returns how to end
// where that cannot go on.
func printFindings(a *app, fs []dsl.Finding) error {
	r := &report.Report{Pipelines: []report.Pipeline{{Findings: fs}}, Max: maxFindings}
	if err := printReport(a, r, report.Text); err != nil {
		return err
	}
	if code := verdict(fs, false); code != ExitOK {
		return quiet(code)
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
