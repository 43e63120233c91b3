package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/cmd/rvo/internal/notify"
	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
)

// startEvery is how often it is looked whether the pipeline has started.
const startEvery = 100 * time.Millisecond

// loaded is what a run begins with, as reloads compare with it.
func (b *begun) loaded() *reload.Loaded {
	l := b.good
	if l == nil {
		in := b.in
		l = &reload.Loaded{
			Spec: in.spec, Graph: in.graph, Findings: in.findings, Files: in.files, Texts: map[string][]byte{}, Source: in.source, Overlay: in.opts.Overlay,
		}
		for _, f := range in.files {
			if text, err := os.ReadFile(f); err == nil && strings.HasSuffix(f, ".cue") {
				l.Texts[f] = text
			}
		}
	}
	l.Nodes = l.Graph.Nodes(engine.Facts(l.Graph.Dir)) // before they are opened: a file that is written meanwhile is another than was read
	return l
}

// reloader returns what follows the files of a run, whose engine is e.
func (a *app) reloader(b *begun, l *reload.Loaded, e *engine.Engine, log *slog.Logger, reg prometheus.Registerer, state string, m *notify.Manager) (*reload.Reloader, error) {
	program := "/proc/self/exe" // what runs now, also when the file on disk was replaced since
	if _, err := os.Stat(program); err != nil {
		if program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("reading pipelines: %w", err)
		}
	}
	opts := b.in.opts
	opts.Kinds = a.Kinds
	return reload.New(reload.Config{
		Paths: b.in.paths, Options: opts, Command: []string{program, vet.Argument}, Refused: b.refused,
		Swap: swapper(e), Generation: func() uint64 { return e.Status().Generation }, Started: func() bool { return e.Status().Started },
		Around: func() func() {
			m.Reloading()
			return func() { m.Ready(saying(e)) }
		},
		Watch: b.watcher, StateDir: state, Log: log, Registry: reg,
	}, l)
}

// swapper has an engine take another graph.
func swapper(e *engine.Engine) reload.Swap {
	return func(ctx context.Context, o reload.Order) (reload.Swapped, error) {
		rep, err := e.Swap(ctx, o.Graph, engine.SwapOptions{
			Nodes: o.Nodes, Probation: o.Probation, By: string(o.By),
			Ended: func(out engine.SwapOutcome) {
				// What could not be rolled back runs on.
				o.Ended(reload.Ended{Kept: out.Kept || out.Err != nil, Node: out.Node, Why: out.Why, Generation: out.Now})
			},
		})
		if refused, ok := errors.AsType[*engine.SwapError](err); ok {
			err = &reload.Error{Node: refused.Node, Step: refused.Step, Err: refused.Err}
		}
		return reload.Swapped{Generation: rep.Generation, Changes: rep.Changes, Prepare: rep.Prepare, Commit: rep.Commit}, err
	}
}

// routes are those of reloads as the server takes them.
func routes(r *reload.Reloader) []web.Route {
	var out []web.Route
	for _, x := range r.Routes() {
		out = append(out, web.Route{Method: x.Method, Path: x.Path, Doc: x.Doc, Serve: x.Serve, MaxBody: x.MaxBody})
	}
	return out
}

// besideLimit is how long what runs beside the pipeline may take to end after it: traces that are flushed have overtime for that.
const besideLimit = 2 * overtime

// beside runs other things while fn does, each until its context is done, and waits for all; not for ever, for a file system that does
// not answer must not keep a process that was asked to stop.
func beside(ctx context.Context, fn func(context.Context) error, others ...func(context.Context)) error {
	other, stop := context.WithCancel(ctx)
	ended := make(chan struct{}, len(others))
	for _, o := range others {
		go func() {
			o(other)
			ended <- struct{}{}
		}()
	}
	err := fn(ctx)
	stop()
	limit := time.After(besideLimit)
	for range others {
		select {
		case <-ended:
		case <-limit:
			return errors.Join(err, fmt.Errorf("what follows the files did not end within %s: left behind", besideLimit))
		}
	}
	return err
}

// saying is what the service manager shows of a run.
func saying(e *engine.Engine) string {
	s := e.Status()
	return fmt.Sprintf("%s, generation %d: %s, %s", s.Pipeline, s.Generation, count(len(s.Cameras), "camera"), count(s.Events.Confirmed, "event"))
}

// attend tells the service manager when the pipeline has started, and that it lives.
func attend(m *notify.Manager, e *engine.Engine) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(startEvery)
		defer tick.Stop()
		for !e.Status().Started {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		m.Ready(saying(e))
		m.Watch(ctx, func() { e.Status() })
		<-ctx.Done()
		m.Stopping()
	}
}
