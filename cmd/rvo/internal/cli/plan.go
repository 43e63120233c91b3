package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rvo.dev/dsl"
	"rvo.dev/dsl/plan"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// liveHere is what --live asks when it is not told whom: where rvo run serves if it is not told where.
const liveHere = "http://127.0.0.1:9090"

type planFlags struct {
	format  string
	tags    []string
	concise bool
	verbose bool
	codes   bool
	live    string
	http    httpFlags
}

func newPlan(a *app) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan OLD NEW | plan --live [URL] NEW",
		Short: "say what a reload would do",
		Long: `Say what would happen to a pipeline that runs as OLD if it became NEW: what is kept, retuned
in place, replaced, added and removed, and what that means for load, memory and how soon
events are decided. Nothing is opened and nothing is changed. OLD and NEW are each a .cue
file or a folder.

  rvo plan deployed/gate.cue gate.cue
  rvo plan --live gate.cue
  rvo plan --live http://10.0.0.7:9090 --http-token-file token gate.cue

--live asks a running rvo for what it runs; without a URL that is ` + liveHere + `.
A password in an address is never shown; that it is another one is seen with the server's
token alone.

  ~    retuned: goes on and keeps what it holds
  -/+  replaced: the new one is made ready beside the old one
  !    exclusive: the old one has to be closed before the new one can be opened
  +    added
  -    removed

--concise prints what it comes to, --verbose every node and every setting.

Exit code 0: told, whatever changes. 1: NEW has errors. 2: could not look, OLD has errors.
3: something changes, with --detailed-exitcode.`,
		Args: func(cmd *cobra.Command, args []string) error { return f.check(cmd.Flags().Changed("live"), args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPlan(cmd.Context(), a, &f, cmd.Flags().Changed("live"), args)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.format, "format", string(plan.Text), "text or json")
	fs.BoolVar(&f.concise, "concise", false, "print what it comes to alone")
	fs.BoolVar(&f.verbose, "verbose", false, "print every node and setting")
	fs.BoolVar(&f.codes, "detailed-exitcode", false, "exit with 3 where something changes")
	fs.StringVar(&f.live, "live", "", "compare with what the rvo at this address runs")
	fs.Lookup("live").NoOptDefVal = liveHere
	fs.StringVar(&f.http.tokenFile, "http-token-file", "", "file with the token of the rvo that --live asks")
	fs.StringVar(&f.http.tokenEnv, "http-token-env", "", "environment variable with that token")
	addTags(fs, &f.tags)
	choices(cmd, "format", plan.Formats())
	return cmd
}

// check refuses what does not name two pipelines.
func (f *planFlags) check(live bool, args []string) error {
	if f.concise && f.verbose {
		return errors.New("--concise and --verbose: give one")
	}
	switch {
	case live && len(args) == 2 && isURL(args[0]): // "--live URL NEW": the flag has a value that can be left out
		return nil
	case live && len(args) != 1:
		return errors.New("plan --live needs one PATH: the pipeline as it is to be")
	case !live && len(args) != 2:
		return errors.New("plan needs two paths: the pipeline as it is, and as it is to be; or --live and one")
	case !live && (f.http.tokenFile != "" || f.http.tokenEnv != ""):
		return errors.New("--http-token-file and --http-token-env are for --live")
	}
	return nil
}

// either returns facts of an old pipeline, and of the new one where the old has none: a file of an older revision is often
// looked at in a folder of its own, without the models that stand beside the new one.
func either(old, now graph.Facts) graph.Facts {
	return graph.Facts{
		File:   func(path string) string { return cmp.Or(old.File(path), now.File(path)) },
		Secret: func(s node.Secret) string { return cmp.Or(old.Secret(s), now.Secret(s)) },
	}
}

func isURL(s string) bool { return strings.Contains(s, "://") }

func runPlan(ctx context.Context, a *app, f *planFlags, live bool, args []string) error {
	if !slices.Contains(plan.Formats(), plan.Format(f.format)) {
		return fmt.Errorf("--format %q: must be text or json", f.format)
	}
	path := args[len(args)-1]
	opts := vet.Options{Tags: f.tags}
	var old *plan.Side
	o := plan.Options{CPUs: vet.AssumedCores, CPUsSource: analysis.Assumed, Key: []byte("of this process alone")}
	if live {
		token, err := f.http.token(a.Env)
		if err != nil {
			return err
		}
		url := f.live
		if len(args) == 2 {
			url = args[0]
		}
		running, err := askRunning(ctx, url, token)
		if err != nil {
			return fmt.Errorf("--live: %w", err)
		}
		old = &running.Side
		o = plan.Options{CPUs: old.CPUs, CPUsSource: old.CPUsSource, Key: []byte(token)}
		// What it would read beside the files, as at each reload.
		opts.Extra, opts.Overlay = []byte(running.Extra), []byte(running.Overlay)
	}
	in, err := a.soundWith(ctx, []string{path}, opts)
	if err != nil {
		return err
	}
	facts := engine.Facts(in.graph.Dir)
	if !live {
		was, err := a.load(ctx, args[:1], f.tags)
		if err != nil {
			return err
		}
		if dsl.HasErrors(was.findings) {
			err := printFindings(a, was.findings)
			if _, ok := errors.AsType[*exitError](err); !ok {
				return err
			}
			return &exitError{code: ExitCannotRun, err: fmt.Errorf("%s has errors: there is nothing that runs to compare with", args[0])}
		}
		old = plan.Of(was.graph, was.graph.Nodes(either(engine.Facts(was.graph.Dir), facts)), o)
	}
	p := plan.Compare(old, plan.Of(in.graph, in.graph.Nodes(facts), o))
	detail := plan.Usual
	switch {
	case f.concise:
		detail = plan.Concise
	case f.verbose:
		detail = plan.Verbose
	}
	if err := p.Write(a.Out, plan.Format(f.format), detail); err != nil {
		return err
	}
	if f.codes && p.Changed() {
		return quiet(ExitChanges)
	}
	return nil
}
