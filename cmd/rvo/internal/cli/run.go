package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"rvo.dev/cmd/rvo/internal/notify"
	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/cmd/rvo/internal/web/console"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
)

type runFlags struct {
	input    inputFlags
	http     httpFlags
	log      logFlags
	reload   reloadFlags
	trace    traceFlags
	limit    time.Duration
	drain    time.Duration
	clipsDir string
	stateDir string
	record   string
	list     bool
	nice     int
}

func newRun(a *app) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [PATH...]",
		Short: "run a pipeline",
		Long: `Run a pipeline: a .cue file, a folder or a package path, or a small one made for a camera.
It is checked first, as vet does, and refused when it has errors.

  rvo run pipelines/quickstart
  rvo run --for 40s --http off -t clip=/data/gate.mp4 pipelines/demo
  rvo run --camera-device 0
  rvo run --camera-uri rtsp://user:password@camera/stream

SIGINT and SIGTERM stop it: what runs is finished, clips and records are written, for at
most --drain; a second one ends it at once. SIGHUP makes sinks reopen their files and has the
pipeline read again.

The pipeline's files are followed: what is saved is read, checked, prepared beside what runs
and put in its place, and what both have goes on. What has errors or cannot be prepared
changes nothing. rvo plan --live says beforehand what a save would do.

Exit code 0: it ended because it was asked to, or every file was played. 1: the pipeline
has errors. 2: it could not run. 130: a second signal.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return listCameras(a)
			}
			return runPipeline(cmd.Context(), a, cmd, f, args)
		},
	}
	fs := cmd.Flags()
	fs.DurationVar(&f.limit, "for", 0, "stop after this long, as a signal would; 0: run on")
	fs.DurationVar(&f.drain, "drain", engine.DefaultDrain, "how long a stop may take")
	fs.StringVar(&f.clipsDir, "clips-dir", "", "folder for clips, instead of the evidence policies' own")
	fs.StringVar(&f.stateDir, "state-dir", "", "folder for what is written (default $XDG_STATE_HOME/rvo/NAME or ~/.local/state/rvo/NAME)")
	fs.IntVar(&f.nice, "nice", engine.DefaultNice, "how far detectors stand back behind everything else: 0 (not at all) to 19")
	fs.StringVar(&f.record, "record", "", "file for the log of everything the core is given: the same log gives the same decisions")
	fs.BoolVar(&f.list, "list-cameras", false, "list the cameras of this machine and exit")
	f.input.add(fs)
	f.http.add(fs)
	f.log.add(fs)
	f.reload.add(fs)
	f.trace.add(fs)
	return cmd
}

func runPipeline(ctx context.Context, a *app, cmd *cobra.Command, f *runFlags, args []string) (err error) {
	if f.limit < 0 || f.drain < 0 {
		return errors.New("--for and --drain must not be negative")
	}
	if f.nice < 0 || f.nice > engine.MaxNice {
		return fmt.Errorf("--nice %d: must be from 0 to %d", f.nice, engine.MaxNice)
	}
	log, err := f.log.open(a)
	if err != nil {
		return err
	}
	defer log.handler.Flush(ctx)
	addr, err := f.http.address(cmd.Flags())
	if err != nil {
		return err
	}
	token, err := f.http.token(a.Env)
	if err != nil {
		return err
	}

	src, err := f.input.source(a, cmd.Flags(), args)
	if err != nil {
		return err
	}
	if err := f.reload.check(src); err != nil {
		return err
	}
	b, err := a.begin(ctx, f, src, log, web.Config{Addr: addr, Names: f.http.names, Token: token, Log: log.Logger})
	if err != nil {
		return err
	}
	defer b.close()
	first := b.loaded()
	g := first.Graph

	state, err := stateDir(f.stateDir, g.Name, a.Env)
	if err != nil {
		return err
	}
	clips := f.clipsDir
	if clips != "" {
		if clips, err = filepath.Abs(clips); err != nil {
			return fmt.Errorf("--clips-dir: %w", err)
		}
	}
	release, err := claim(state)
	if err != nil {
		return err
	}
	defer release()

	registry := prometheus.NewRegistry()
	record, err := openRecord(f.record)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, record.close()) }()
	engine.Tune(g)
	tap := web.NewLogTap(log.handler)
	cfg := engine.Config{
		Graph: g, Codec: a.Codec, Log: slog.New(tap), Feed: addr != "", Registry: registry, Precise: true, Record: record.writer(),
		StateDir: state, ClipsDir: clips, Stdout: a.Out, Terminal: a.OutTerminal, Drain: f.drain, Nice: &f.nice,
		Secret: secrets(g.Dir, src.secrets, a.Env),
	}
	traces, err := f.trace.open(ctx, cmd.Flags(), &cfg, registry, log.Logger)
	if err != nil {
		return err
	}
	e, err := engine.New(cfg)
	if err != nil {
		return err
	}
	manager := notify.Open(log.Logger)
	r, err := a.reloader(b, first, e, slog.New(tap), registry, state, manager)
	if err != nil {
		return err
	}
	var server *web.Server
	if addr != "" {
		server, err = web.Listen(web.Config{
			Addr: addr, Names: f.http.names, Token: token, Registry: registry,
			Engine: e, Codec: a.Codec, Tap: tap, Status: e.Status, Reopen: e.Reopen, Pprof: f.http.pprof, Log: log.Logger,
			Pipeline: running(r, src.opts.Extra, func() uint64 { return e.Status().Generation }), Routes: routes(r),
			Console: console.Handler(func() ([]byte, error) { return schemaText(a.Kinds, true) }),
		})
		if err != nil {
			return err
		}
	}

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	log.started(g, e.Status(), state, clips, server)
	life := &lifecycle{
		run: e.Run, signals: signals, limit: f.limit, drain: f.drain,
		reopen: func() {
			e.Reopen()
			if !src.made {
				r.Nudge()
			}
		},
		say: func(s string) { log.note(s) },
	}
	follow := func(ctx context.Context) { _ = r.Run(ctx) } // it ends with ctx alone
	others := []func(context.Context){follow, attend(manager, e)}
	if traces != nil {
		others = append(others, traces)
	}
	err = serving(ctx, server, log, func(ctx context.Context) error { return beside(ctx, life.wait, others...) })
	log.ended(e.Status())
	return err
}

// serving runs the server beside fn and waits for both. A server that dies costs /metrics, not the pipeline.
func serving(ctx context.Context, s *web.Server, log *runLog, fn func(context.Context) error) error {
	if s == nil {
		return fn(ctx)
	}
	serverCtx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(serverCtx); err != nil {
			log.Error("http server ended; the pipeline goes on without it", "error", err)
		}
	}()
	err := fn(ctx)
	stop()
	<-ended
	return err
}

// notBuilt lists the nodes whose kind is not in this build, and how to get it.
func notBuilt(g *graph.Graph) error {
	var missing []error
	needs := map[string]bool{}
	add := func(role, id, kind, how string) {
		missing = append(missing, fmt.Errorf("  %s %q is of kind %s", role, id, kind))
		needs[how] = true
	}
	for i := range g.Cameras {
		if c := &g.Cameras[i]; !c.Kind.Built() {
			add("camera", c.ID, c.Kind.Contract.Name, c.Kind.Contract.Needs)
		}
	}
	for i := range g.Detectors {
		if d := &g.Detectors[i]; !d.Kind.Built() {
			add("detector", d.ID, d.Kind.Contract.Name, d.Kind.Contract.Needs)
		}
	}
	for i := range g.Sinks {
		if s := &g.Sinks[i]; !s.Kind.Built() {
			add("sink", s.ID, s.Kind.Contract.Name, s.Kind.Contract.Needs)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	out := missing
	for _, how := range sortedKeys(needs) {
		out = append(out, fmt.Errorf("  to get it: %s", how))
	}
	return fmt.Errorf("this build lacks what the pipeline needs:\n%w", errors.Join(out...))
}
