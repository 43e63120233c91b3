package accept

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/cv"
)

// run is a pipeline that is running, or has run.
type run struct {
	t     testing.TB
	dir   string // state folder
	e     *engine.Engine
	reg   *prometheus.Registry
	stop  context.CancelFunc
	done  chan struct{}
	err   error
	said  *logged
	begin time.Time
}

// logged keeps what was logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// start vets a pipeline and runs it until the returned run is stopped or its files are over.
func start(t testing.TB, source string, change ...func(*engine.Config)) *run {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, compiled(t, source, kinds), change...)
}

// compiled vets a pipeline.
func compiled(t testing.TB, source string, kinds *node.Set) *graph.Graph {
	t.Helper()
	res, err := vet.Vet(t.Context(), []string{"p/pipeline.cue"}, vet.Options{
		Kinds: kinds, Dir: t.TempDir(), Files: map[string][]byte{"p/pipeline.cue": []byte(source)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Graph == nil {
		t.Fatalf("vet: %v\n%s", res.Findings, source)
	}
	return res.Graph
}

// launch runs a graph until the returned run is stopped or its files are over.
func launch(t testing.TB, g *graph.Graph, change ...func(*engine.Config)) *run {
	t.Helper()
	r := &run{t: t, dir: t.TempDir(), reg: prometheus.NewRegistry(), done: make(chan struct{}), said: &logged{}}
	cfg := engine.Config{
		Graph: g, Registry: r.reg, StateDir: r.dir, RunID: "accept",
		Log:    slog.New(slog.NewTextHandler(r.said, nil)),
		Secret: func(s node.Secret) (string, error) { return os.Getenv(s.Env), nil },
	}
	if c, ok := cv.Codec(); ok {
		cfg.Codec = c
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if r.e, err = engine.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop, r.begin = cancel, time.Now()
	go func() {
		defer close(r.done)
		r.err = r.e.Run(ctx)
	}()
	t.Cleanup(r.end)
	return r
}

// end stops the run and waits for it.
func (r *run) end() {
	r.stop()
	r.wait()
}

// wait waits for the run's end.
func (r *run) wait() {
	select {
	case <-r.done:
	case <-time.After(10 * time.Minute):
		r.t.Fatal("the run did not end within ten minutes")
	}
	if r.err != nil {
		r.t.Errorf("run: %v", r.err)
		r.err = nil
	}
}

// until waits until ok, at most that long.
func (r *run) until(limit time.Duration, what string, ok func() bool) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > limit {
			st := r.e.Status()
			r.t.Fatalf("%s: not within %v\ncameras %+v\nreasons %v\nlog:\n%s", what, limit, st.Cameras, st.Reasons, r.said)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}

// records reads the event records that the jsonl sink wrote.
func (r *run) records() []node.Record {
	r.t.Helper()
	f, err := os.Open(filepath.Join(r.dir, "events.jsonl"))
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		r.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []node.Record
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var rec node.Record
		if err := json.Unmarshal(sc.Bytes(), &rec); err != nil {
			r.t.Fatalf("events.jsonl: %v in %s", err, sc.Bytes())
		}
		out = append(out, rec)
	}
	return out
}

// metric returns the sum of a metric's series that have all these label values.
func (r *run) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if has(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func has(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, l := range m.GetLabel() {
			found = found || l.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}
