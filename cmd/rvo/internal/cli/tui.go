package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rvo.dev/cmd/rvo/internal/tui"
	"rvo.dev/dsl"
)

type tuiFlags struct {
	run   *cobra.Command // whose flags say how a pipeline is started
	input inputFlags
	http  httpFlags
}

func newTUI(a *app) *cobra.Command {
	f := &tuiFlags{run: newRun(a)}
	cmd := &cobra.Command{
		Use:   "tui [URL | PATH...]",
		Short: "show a running rvo in the terminal",
		Long: `Show a running rvo in the terminal: cameras, detectors, signals, events and why they fire or
do not, what is dropped and why, queues, the log, reloads.

  rvo tui
  rvo tui http://10.0.0.7:9090 --http-token-file token
  rvo tui pipelines/quickstart
  rvo tui --camera-device 0

Without arguments it looks at the rvo at ` + liveHere + `. With the path of a pipeline, or
with --config, RVO_CONFIG or a camera, it starts one as rvo run does, with the same flags,
and stops it when you quit; where this machine has cameras it asks first which to use. What
the run writes to its log and to standard output is on the page of the log.

The keys are listed with ?. Muting needs the token of the rvo that is looked at. Where
standard output is no terminal, or one that cannot place its cursor (TERM=dumb), the first
page is printed once.

Exit code 0: you quit. 1: the pipeline has errors. 2: it could not look, or could not run.
Else that of the run, where it ended by itself.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runTUI(cmd.Context(), a, cmd, f, args) },
	}
	fs := cmd.Flags()
	f.input.add(fs)
	fs.StringVar(&f.http.tokenFile, "http-token-file", "", "file with the token of the rvo")
	fs.StringVar(&f.http.tokenEnv, "http-token-env", "", "environment variable with that token")
	f.run.Flags().VisitAll(func(p *pflag.Flag) {
		// The log has its page, and cameras are listed by a command of their own.
		if fs.Lookup(p.Name) != nil || p.Name == "log-format" || p.Name == "list-cameras" {
			return
		}
		if p.Name == "http" {
			p.DefValue, p.Usage = "", "address where a pipeline that is started serves; default: a free port of this machine"
		}
		fs.AddFlag(p)
	})
	return cmd
}

func runTUI(ctx context.Context, a *app, cmd *cobra.Command, f *tuiFlags, args []string) error {
	token, err := f.http.token(a.Env)
	if err != nil {
		return err
	}
	o := tui.Options{Token: token, In: cmd.InOrStdin(), Out: a.Out, Err: a.Err, Environ: os.Environ(), Zone: time.Local}
	starts := f.starts(a, cmd.Flags(), args)
	screen := a.OutTerminal && a.Env("TERM") != "dumb"
	if !starts {
		if o.Base, err = f.address(cmd.Flags(), args); err != nil {
			return err
		}
		if !screen {
			return tui.Once(ctx, o)
		}
		return tuiEnd(tui.Run(ctx, o))
	}
	if err := f.prepare(ctx, a, cmd.Flags(), args, &o); err != nil {
		return err
	}
	if !screen {
		return errors.New("tui needs a terminal that can place its cursor to start a pipeline: rvo run starts it without")
	}
	return tuiEnd(tui.Run(ctx, o))
}

func tuiEnd(code int, err error) error {
	if err == nil && code != ExitOK {
		return quiet(code)
	}
	return err
}

// starts reports whether a pipeline is to be started, and not one that runs to be looked at.
func (f *tuiFlags) starts(a *app, fs *pflag.FlagSet, args []string) bool {
	if len(args) > 0 {
		return !isURL(args[0])
	}
	return a.Env("RVO_CONFIG") != "" || slices.ContainsFunc([]string{"config", "camera-device", "camera-uri"}, fs.Changed)
}

// address returns whom to look at. Flags that say how to run have no use there.
func (f *tuiFlags) address(fs *pflag.FlagSet, args []string) (string, error) {
	if len(args) > 1 {
		return "", fmt.Errorf("one rvo is looked at: %s and %s are two", dsl.Redact(args[0]), dsl.Redact(args[1]))
	}
	var stray string
	fs.Visit(func(p *pflag.Flag) {
		if p.Name != "http-token-file" && p.Name != "http-token-env" {
			stray = p.Name
		}
	})
	if stray != "" {
		return "", fmt.Errorf("--%s says how a pipeline is started: give its PATH, or leave the flag out to look at one that runs", stray)
	}
	if len(args) == 1 {
		return args[0], nil
	}
	return liveHere, nil
}

// prepare checks the pipeline and says how it is started.
func (f *tuiFlags) prepare(ctx context.Context, a *app, fs *pflag.FlagSet, args []string, o *tui.Options) error {
	addr, err := fs.GetString("http")
	if err != nil {
		return err
	}
	if addr == "" || addr == "off" {
		return errors.New("--http off: the screen reads what the run serves; leave it out for a port that is free")
	}
	if len(args) == 1 {
		_, _, addressed := net.SplitHostPort(args[0])
		if _, err := os.Stat(args[0]); addressed == nil && err != nil {
			return fmt.Errorf("there is no pipeline %s: the address of a running rvo is written as http://%s", args[0], args[0])
		}
	}
	in, err := f.input.load(ctx, a, fs, args)
	if err != nil {
		return err
	}
	if dsl.HasErrors(in.findings) {
		return printFindings(a, in.findings)
	}
	if err := notBuilt(in.graph); err != nil {
		return err
	}
	if o.Program, err = os.Executable(); err != nil {
		return err
	}
	o.Args = append([]string{os.Args[0], "run", "--log-format=json"}, f.passed(fs, o.Token != "")...)
	own := tui.Choice{Name: "as the pipeline says", Note: count(len(in.graph.Cameras), "camera"), Args: append(f.given(fs), args...)}
	for i := range in.graph.Detectors {
		d := &in.graph.Detectors[i]
		own.Detectors = append(own.Detectors, d.ID+"  ["+d.Kind.Contract.Name+"]")
	}
	o.Menu = &tui.Menu{Pipeline: in.graph.Name, Choices: append([]tui.Choice{own}, f.devices(a, fs)...)}
	for i := range in.findings {
		o.Menu.Warnings = append(o.Menu.Warnings, in.findings[i].Message)
	}
	return nil
}

// inputNames are the flags that say what is run.
func inputNames() []string { return []string{"config", "camera-device", "camera-uri", "tag"} }

// given returns the flags that name what is run, as they were given.
func (f *tuiFlags) given(fs *pflag.FlagSet) []string {
	var out []string
	fs.Visit(func(p *pflag.Flag) {
		if slices.Contains(inputNames(), p.Name) {
			out = append(out, written(p)...)
		}
	})
	return out
}

// passed returns the other flags for the run. It serves where nobody else does, and takes the token that is made for it,
// unless it is told.
func (f *tuiFlags) passed(fs *pflag.FlagSet, token bool) []string {
	var out []string
	fs.Visit(func(p *pflag.Flag) {
		if !slices.Contains(inputNames(), p.Name) {
			out = append(out, written(p)...)
		}
	})
	if !fs.Changed("http") && !fs.Changed("metrics-port") {
		out = append(out, "--http=127.0.0.1:0")
	}
	if !token {
		out = append(out, "--http-token-env="+tui.TokenVariable)
	}
	return out
}

// written returns a flag as it is given to another process.
func written(p *pflag.Flag) []string {
	if s, ok := p.Value.(pflag.SliceValue); ok {
		var out []string
		for _, v := range s.GetSlice() {
			out = append(out, "--"+p.Name+"="+v)
		}
		return out
	}
	return []string{"--" + p.Name + "=" + p.Value.String()}
}

// devices are the cameras of this machine, each of which a small pipeline can be made for; none where a camera was named.
func (f *tuiFlags) devices(a *app, fs *pflag.FlagSet) []tui.Choice {
	if a.Devices == nil || fs.Changed("camera-device") || fs.Changed("camera-uri") {
		return nil
	}
	found, err := a.Devices()
	if err != nil {
		return nil // rvo cameras says why; the pipeline has its own
	}
	var out []tui.Choice
	for _, d := range found {
		out = append(out, tui.Choice{
			Name: fmt.Sprintf("camera %d alone", d.Index), Note: strings.TrimSpace(d.Name + " " + d.Detail),
			Args: []string{fmt.Sprintf("--camera-device=%d", d.Index)}, Detectors: []string{"motion  [of a small pipeline made for it]"},
		})
	}
	return out
}
