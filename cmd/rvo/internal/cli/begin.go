package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"rvo.dev/cmd/rvo/internal/notify"
	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/cmd/rvo/internal/watch"
	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/dsl"
	"rvo.dev/dsl/show"
	"rvo.dev/engine"
	"rvo.dev/engine/redact"
)

// reloadFlags say whether a run follows its files, and what it begins with.
type reloadFlags struct {
	watch   bool
	noWatch bool
	resume  bool
}

func (f *reloadFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.watch, "watch", false, "follow the pipeline's files, as is done anyway; wait for a valid pipeline at the start")
	fs.BoolVar(&f.noWatch, "no-watch", false, "do not follow the pipeline's files; SIGHUP and POST /api/v1/reload read them again")
	fs.BoolVar(&f.resume, "resume", false, "where the pipeline has errors at the start, run the last one that proved good")
}

// check refuses what contradicts itself.
func (f *reloadFlags) check(s *source) error {
	switch {
	case f.watch && f.noWatch:
		return errors.New("--watch and --no-watch: give one")
	case s.made && (f.watch || f.resume):
		return errors.New("--watch and --resume need a pipeline of your own: one made for a camera has no file")
	}
	return nil
}

// begun is what a run begins with.
type begun struct {
	dir     string // that paths are relative to
	in      *input
	good    *reload.Loaded // the last good pipeline, in the place of in; nil: in is sound
	since   time.Time      // when good proved good
	refused []dsl.Finding  // of what good stands in for
	watcher *watch.Watcher // nil: nobody follows the files
}

func (b *begun) close() {
	if b.watcher != nil {
		_ = b.watcher.Close()
	}
}

// begin reads the pipeline of a run. Where it has errors they are told, and the error ends the command; but with --resume the last
// good one is returned in its place, and with --watch it waits.
func (a *app) begin(ctx context.Context, f *runFlags, s *source, log *runLog, server web.Config) (*begun, error) {
	state, err := stateDir(f.stateDir, dsl.Name("", s.paths), a.Env)
	if err != nil {
		return nil, err
	}
	if s.opts.Overlay, err = reload.ReadOverlay(state); err != nil {
		return nil, fmt.Errorf("nodes that were edited over HTTP: %w", err)
	}
	if s.opts.Overlay != nil {
		log.note("with the nodes of " + reload.OverlayPath(state) + ", which were edited over HTTP")
	}
	s.opts.Show = show.Pipeline
	b := &begun{dir: s.opts.Dir}
	if !s.made && !f.reload.noWatch {
		b.watcher = watch.New()
		b.watcher.Set(reload.Named(s.opts.Dir, s.paths), nil) // seen before it is read, so that a change in between is one
	}
	err = b.read(ctx, a, f, s, log, state)
	for f.reload.watch && b.in != nil && err != nil {
		if err = a.await(ctx, b, log, server); err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			break // asked to end, or it cannot wait
		}
		err = b.read(ctx, a, f, s, log, state)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// read reads the pipeline once. The error says that it, and what may stand in for it, cannot be run.
func (b *begun) read(ctx context.Context, a *app, f *runFlags, s *source, log *runLog, state string) error {
	in, err := s.load(ctx, a)
	if err != nil {
		return err
	}
	b.in = in
	err = printFindings(a, in.findings)
	if err == nil {
		return notBuilt(in.graph)
	}
	if !f.reload.resume {
		return err
	}
	good, g, bad := reload.ReadGood(state, a.Kinds)
	if bad != nil {
		return &exitError{ExitFindings, fmt.Errorf("--resume: %w (%s)", bad, state)}
	}
	b.good, b.since, b.refused = good, g.At, in.findings
	log.Warn("the pipeline has errors: the last good one runs in its place until it is mended",
		"revision", short(g.Revision), "since", g.At.Format(time.RFC3339), "files", strings.Join(s.paths, " "))
	return notBuilt(good.Graph)
}

// errAsked ends a wait that a signal ended.
var errAsked = errors.New("asked to stop")

// await serves that the pipeline is not ready, and returns when its files change, at SIGHUP, or with the error of how the command
// ends.
func (a *app) await(ctx context.Context, b *begun, log *runLog, c web.Config) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	var server *web.Server
	if c.Addr != "" {
		c.Registry = prometheus.NewRegistry()
		why := "it has errors: " + firstError(b.in.findings)
		c.Status = func() engine.Status {
			return engine.Status{Pipeline: dsl.Name("", b.in.paths), Reasons: []engine.Reason{{Node: "pipeline", Why: why}}}
		}
		c.Waiting = func() string { return "the pipeline is read again when its files change, for " + redact.Text(why) }
		var err error
		if server, err = web.Listen(c); err != nil {
			return err
		}
		log.note("http://" + server.Addr().String() + " answers that it is not ready")
	}
	manager := notify.Open(log.Logger)
	manager.Ready("waiting for a valid pipeline")
	log.note("waiting for a valid pipeline: it is read again at each change")
	if b.watcher != nil {
		b.watcher.Set(append(b.in.files, reload.Named(b.dir, b.in.paths)...), nil)
	}
	waited := make(chan error, 1)
	go func() { waited <- b.watcher.Wait(ctx) }()
	return serving(ctx, server, log, func(context.Context) error {
		for {
			select {
			case err := <-waited:
				return err
			case s := <-signals:
				stop(errAsked)
				<-waited
				if s == syscall.SIGHUP {
					return nil
				}
				manager.Stopping()
				return quiet(ExitOK)
			}
		}
	})
}

// firstError is the first thing that is wrong.
func firstError(fs []dsl.Finding) string {
	for _, f := range fs {
		if f.Severity == dsl.Error {
			return f.Place.String() + ": " + f.Message
		}
	}
	return "none that can be told"
}
