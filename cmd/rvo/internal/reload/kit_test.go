package reload_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/cmd/rvo/internal/watch"
	"rvo.dev/dsl/show"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/nodes/all"
)

// base is a pipeline as people write it.
const base = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {}, fps: 5, width: 160, height: 120}
detectors: motion: {motion: {}, fps: 5}
events: moving: {when: {signal: "motion.level", gte: 0.1}, hold: "2s", cooldown: "10s"}
sinks: log: jsonl: path: "events.jsonl"
`

// every is how often the kit's watcher looks: on the virtual clock nobody waits for it.
const every = 50 * time.Millisecond

// kit is a Reloader beside an engine that only counts.
type kit struct {
	t     *testing.T
	dir   string
	file  string
	state string
	r     *reload.Reloader
	stop  context.CancelFunc
	reg   *prometheus.Registry
	ended chan error
	log   said

	mu    sync.Mutex
	gen   uint64
	graph *graph.Graph
	nodes []graph.Node // of graph
	ends  []func(reload.Ended)
	swaps int
	busy  int  // swaps under way
	clash bool // two at once
	// prepare is what a swap does before it counts; nil: nothing.
	prepare func(ctx context.Context, g *graph.Graph) error
}

// said is what a kit logged.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// line returns the last line with a text.
func (s *said) line(with string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := ""
	for l := range strings.Lines(s.text.String()) {
		if strings.Contains(l, with) {
			found = l
		}
	}
	return found
}

// options change a kit before it begins.
type options struct {
	overlay string
	data    map[string]string // files beside the pipeline
	text    string            // of the pipeline, base where empty
}

// start begins a kit. It may be called in a bubble of virtual time.
func start(t *testing.T, o options) *kit {
	t.Helper()
	dir := t.TempDir()
	k := &kit{t: t, dir: dir, file: filepath.Join(dir, "gate.cue"), state: filepath.Join(dir, "state"), gen: 1, ended: make(chan error, 1), reg: prometheus.NewRegistry()}
	if err := os.Mkdir(k.state, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range o.data {
		k.put(name, text)
	}
	if o.text == "" {
		o.text = base
	}
	k.put("gate.cue", o.text)
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	opts := vet.Options{Kinds: kinds, Dir: dir, Show: show.Pipeline, Overlay: []byte(o.overlay)}
	v, err := vet.Vet(t.Context(), []string{"gate.cue"}, opts)
	if err != nil || v.Graph == nil {
		t.Fatal(err, v.Findings)
	}
	in := &reload.Loaded{
		Spec: v.Spec, Graph: v.Graph, Nodes: v.Graph.Nodes(engine.Facts(dir)), Findings: v.Findings, Files: v.Files, Source: v.Source,
		Overlay: []byte(o.overlay), Texts: map[string][]byte{k.file: []byte(o.text)},
	}
	k.graph, k.nodes = v.Graph, in.Nodes
	k.r, err = reload.New(reload.Config{
		Paths: []string{"gate.cue"}, Options: opts, Vet: vet.Vet, Swap: k.swap, Generation: k.generation,
		Watch: watch.Polling(every), StateDir: k.state, Registry: k.reg, Log: slog.New(slog.NewTextHandler(&k.log, nil)),
	}, in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	k.stop = stop
	go func() { k.ended <- k.r.Run(ctx) }()
	return k
}

// end stops the kit and waits for it.
func (k *kit) end() {
	k.stop()
	if err := <-k.ended; err != nil {
		k.t.Error(err)
	}
	if k.clash {
		k.t.Error("two swaps at once")
	}
}

func (k *kit) put(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) generation() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gen
}

func (k *kit) swap(ctx context.Context, o reload.Order) (reload.Swapped, error) {
	k.mu.Lock()
	was, prepare := k.nodes, k.prepare
	k.busy++
	k.clash = k.clash || k.busy > 1
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.busy--
		k.mu.Unlock()
	}()
	if prepare != nil {
		if err := prepare(ctx, o.Graph); err != nil {
			return reload.Swapped{}, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gen++
	k.swaps++
	k.graph, k.nodes = o.Graph, o.Nodes
	k.ends = append(k.ends, o.Ended)
	return reload.Swapped{Generation: k.gen, Changes: graph.Compare(was, o.Nodes)}, nil
}

// wait lets time pass until the newest reload is as asked.
func (k *kit) wait(want reload.Result) reload.Outcome {
	k.t.Helper()
	for range 2000 {
		if rs := k.r.Reloads().Reloads; len(rs) > 0 && rs[0].Result == want {
			return rs[0]
		}
		time.Sleep(every)
	}
	k.t.Fatalf("no reload was %s: %+v", want, k.r.Reloads().Reloads)
	return reload.Outcome{}
}

// swapped returns how many swaps there were and what runs.
func (k *kit) swapped() (int, *graph.Graph) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.swaps, k.graph
}

// blocked waits until it is cancelled.
func blocked(ctx context.Context, _ *graph.Graph) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

var errSink = errors.New("connection refused")
