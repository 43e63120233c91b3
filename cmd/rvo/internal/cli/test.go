package cli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rvo.dev/dsl"
	"rvo.dev/dsl/test"
	"rvo.dev/dsl/vet"
)

type testFlags struct {
	format   string
	run      string
	verbose  bool
	coverage bool
	tags     []string
}

// The formats of rvo test.
const (
	testText  = "text"
	testJSON  = "json"
	testJUnit = "junit"
)

func newTest(a *app) *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "run the tests of pipelines",
		Long: `Run the tests of pipelines: the tests in them, and in the files called *_test.cue of their
packages. PATH is as for vet. A test says what signals say on a clock of its own, and which
events have to come of it and which must not; nothing is opened and no detector runs, all that
comes after them is what rvo run does.

  rvo test ./...
  rvo test --run night -v gate.cue
  rvo test --coverage pipelines/quickstart

A test that fails is told with the line of what was expected, what every part of the condition
said at that time, and what happened before and after.

--coverage tells which events were never confirmed or never ended in any test, and which
comparison of a condition was never seen yes, no or unknown.

Exit code 0: all passed. 1: a test failed, or a pipeline or a test has faults. 2: could not
look.`,
		Args: needPath("test"),
		RunE: func(cmd *cobra.Command, args []string) error { return runTests(cmd.Context(), a, f, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.format, "format", testText, "text, json or junit")
	fs.StringVar(&f.run, "run", "", "only tests whose name this regular expression matches")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "name the tests that pass, too")
	fs.BoolVar(&f.coverage, "coverage", false, "tell what no test has tried")
	addTags(fs, &f.tags)
	choices(cmd, "format", []string{testText, testJSON, testJUnit})
	return cmd
}

func runTests(ctx context.Context, a *app, f testFlags, paths []string) error {
	formats := []string{testText, testJSON, testJUnit}
	if !slices.Contains(formats, f.format) {
		return fmt.Errorf("--format: format %q is not known: %s", f.format, dsl.DidYouMean(f.format, formats, "there are"))
	}
	chosen, err := regexp.Compile(f.run)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	pipelines, err := groups(paths)
	if err != nil {
		return err
	}
	var outcomes []test.Outcome
	var findings []dsl.Finding
	ran := 0
	for _, group := range pipelines {
		o, err := testPipeline(ctx, a, f, chosen, group)
		if err != nil {
			return err
		}
		ran += len(o.Results)
		findings = append(findings, o.Findings...)
		outcomes = append(outcomes, *o)
	}
	if f.run != "" && ran == 0 && !dsl.HasErrors(findings) {
		return fmt.Errorf("--run: no test is called anything like %s", f.run)
	}
	code := verdict(findings, false)
	for i := range outcomes {
		if code == ExitOK && outcomes[i].Failed() > 0 {
			code = ExitFindings
		}
	}
	if err := writeOutcomes(a, f, outcomes, findings); err != nil {
		return err
	}
	if code != ExitOK {
		return quiet(code)
	}
	return nil
}

// testPipeline runs the tests of one pipeline. Of what vet finds only errors matter here, and whatever is about tests.
func testPipeline(ctx context.Context, a *app, f testFlags, chosen *regexp.Regexp, group []string) (*test.Outcome, error) {
	o := &test.Outcome{Name: strings.Join(group, " ")}
	r, err := a.vet(ctx, group, vet.Options{Tags: f.tags, Tests: true})
	if err != nil {
		return nil, err
	}
	if r.Graph == nil {
		o.Findings = slices.DeleteFunc(r.Findings, func(x dsl.Finding) bool { return x.Severity != dsl.Error })
		return o, nil
	}
	suite, findings := test.Compile(r.Document, r.Graph)
	o.Findings = findings
	tests := slices.DeleteFunc(suite.Tests, func(t *test.Test) bool { return !chosen.MatchString(t.Name) })
	results, coverage := suite.Run(tests)
	o.Results = results
	if f.coverage {
		o.Coverage = coverage
	}
	return o, nil
}

func writeOutcomes(a *app, f testFlags, outcomes []test.Outcome, findings []dsl.Finding) error {
	switch f.format {
	case testJSON:
		return test.WriteJSON(a.Out, outcomes)
	case testJUnit:
		return test.WriteJUnit(a.Out, outcomes)
	}
	if err := dsl.WriteText(a.Err, dsl.Sort(findings), maxFindings); err != nil {
		return err
	}
	return test.Text{Verbose: f.verbose}.Write(a.Out, outcomes)
}
