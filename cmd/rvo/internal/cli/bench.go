package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rvo.dev/bench"
	"rvo.dev/engine"
)

type benchFlags struct {
	scenario string
	all      bool
	targets  bool
	list     bool
	runs     int
	duration time.Duration
	warmup   time.Duration
	sample   time.Duration
	retries  int
	design   string
	nice     int
	out      string
	plot     bool
	readme   string
	command  string // as it was given, for the page
}

func newBench(a *app) *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "measure this build under load",
		Long: `Measure the engine under made-up load, and in the same minutes the design of the first RVO,
one loop that runs detectors inline, on the same load.

  rvo bench --scenario overload_severe
  rvo bench --all --runs 3 --duration 10s --out results --plot
  rvo bench --targets

Standard output gets a table, or with --targets one line each:
name value unit target pass|fail|noisy. --out gets summary.csv and a time series for each
window, with --plot also figures and report.html.

Windows in which other programs used more than 6 % of a core are measured again, up to
--retries times, and said to be noisy when that does not help.

SIGINT and SIGTERM end it: the windows that were measured by then are printed, and written to
--out. No target is judged by a part of its windows, and --readme is left as it was.

Exit code 0: measured, and no target failed. 1: a target failed. 2: could not measure, or not
to the end.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("bench takes no argument, got %q: name a scenario with --scenario", args[0])
			}
			if f.targets && !cmd.Flags().Changed("runs") {
				f.runs = 3 // medians of interleaved windows
			}
			f.command = "rvo bench"
			cmd.Flags().Visit(func(flag *pflag.Flag) {
				f.command += " --" + flag.Name
				if v := flag.Value.String(); v != "true" {
					f.command += " " + v
				}
			})
			return runBench(cmd.Context(), a, f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.scenario, "scenario", "baseline", "the scenario to measure")
	fs.BoolVar(&f.all, "all", false, "measure every scenario")
	fs.BoolVar(&f.targets, "targets", false, "measure what the targets need and judge them; three runs unless --runs says otherwise")
	fs.BoolVar(&f.list, "list", false, "list the scenarios and exit")
	fs.IntVar(&f.runs, "runs", 1, "windows of each scenario and design, interleaved")
	fs.DurationVar(&f.duration, "duration", 30*time.Second, "length of a window")
	fs.DurationVar(&f.warmup, "warmup", 5*time.Second, "time before each window that does not count")
	fs.DurationVar(&f.sample, "sample", time.Second, "interval of the time series")
	fs.IntVar(&f.retries, "retries", 2, "further windows where other programs spoiled one; the quietest counts")
	fs.StringVar(&f.design, "design", "", "measure only this design: lanes or inline (default both)")
	fs.IntVar(&f.nice, "nice", engine.DefaultNice, "how far detectors stand back, as with rvo run: 0 (not at all) to 19")
	fs.StringVar(&f.out, "out", "", "folder for summary.csv and time series")
	fs.BoolVar(&f.plot, "plot", false, "write figures (PNG and SVG) and report.html into --out too")
	fs.StringVar(&f.readme, "readme", "", "write the results as a Markdown page to this file")
	cmd.MarkFlagsMutuallyExclusive("scenario", "all")
	cmd.MarkFlagsMutuallyExclusive("scenario", "targets")
	return cmd
}

// scenarios returns what the flags ask to be measured: targets need their own, beside those that are to be shown.
func (f *benchFlags) scenarios() ([]bench.Scenario, error) {
	var out []bench.Scenario
	for _, s := range bench.Scenarios() {
		if f.all && !s.Targets {
			out = append(out, s)
		}
	}
	if f.targets {
		seen := map[string]bool{}
		for _, s := range out {
			seen[s.Name] = true
		}
		for _, s := range bench.TargetScenarios() {
			if !seen[s.Name] {
				out = append(out, s)
			}
		}
	}
	if f.all || f.targets {
		return out, nil
	}
	s, err := bench.Find(f.scenario)
	return []bench.Scenario{s}, err
}

func runBench(ctx context.Context, a *app, f *benchFlags) error {
	if f.list {
		for _, s := range bench.Scenarios() {
			fmt.Fprintf(a.Out, "%-26s %s\n", s.Name, s.Doc)
		}
		return nil
	}
	if err := f.check(); err != nil {
		return err
	}
	scenarios, err := f.scenarios()
	if err != nil {
		return err
	}
	o := bench.Options{
		Runs: f.runs, Duration: f.duration, Warmup: f.warmup, Sample: f.sample, Retries: f.retries, Nice: &f.nice, Pause: 200 * time.Millisecond, Codec: a.Codec, Audience: audience(ctx, a.Codec),
		Progress: func(s string) { fmt.Fprintln(a.Err, s) },
	}
	if f.design != "" {
		o.Designs = []bench.Design{bench.Design(f.design)}
	}
	windows, takes := o.Plan(scenarios)
	if windows == 0 {
		return fmt.Errorf("--design %s: %s is measured with lanes only, the inline design has one camera and no priorities", f.design, f.scenario)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	report := &bench.Report{Host: bench.Machine(), Command: f.command, At: a.Now()}
	fmt.Fprintf(a.Err, "on %s\n%d windows, about %v when none is repeated\n", report.Host, windows, takes.Round(time.Second))
	if report.Results, err = bench.Run(ctx, scenarios, o); err != nil {
		return f.part(a, report, windows, err)
	}
	if f.targets {
		if report.Targets, err = bench.Judge(report.Results); err != nil {
			return err
		}
	}
	if err := f.write(a, report); err != nil {
		return err
	}
	if !f.targets {
		return report.PrintTable(a.Out)
	}
	if err := report.PrintTargets(a.Out); err != nil {
		return err
	}
	for i := range report.Targets {
		if report.Targets[i].Verdict == bench.Fail {
			return quiet(ExitFindings)
		}
	}
	return nil
}
