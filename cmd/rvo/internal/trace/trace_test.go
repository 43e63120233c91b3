package trace

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/nodes/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is an OpenTelemetry collector in this process.
type collector struct {
	otlp.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*spans.Span
}

// Export implements otlp.TraceServiceServer.
func (c *collector) Export(_ context.Context, r *otlp.ExportTraceServiceRequest) (*otlp.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			c.spans = append(c.spans, ss.GetSpans()...)
		}
	}
	return &otlp.ExportTraceServiceResponse{}, nil
}

func (c *collector) serve(t *testing.T) (endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	otlp.RegisterTraceServiceServer(s, c)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() { s.Stop(); wg.Wait() })
	return "http://" + l.Addr().String()
}

// trees returns the spans by trace.
func (c *collector) trees() map[string][]*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string][]*spans.Span{}
	for _, s := range c.spans {
		out[string(s.GetTraceId())] = append(out[string(s.GetTraceId())], s)
	}
	return out
}

func names(of []*spans.Span) string {
	var out []string
	for _, s := range of {
		out = append(out, s.GetName())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func text(s *spans.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

const pipeline = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {pattern: "alternating", period: 3}, fps: 20, width: 64, height: 48}
detectors: near: {fps: 20, busy: {busy: "1ms"}, emits: runs: ttl: "1s"}
detectors: far: {fps: 5, timeout: "300ms", grpc: {endpoint: "http://127.0.0.1:1", signals: x: type: "int"}}
events: works: {when: {signal: "near.runs", gte: 5}, hold: "200ms", maxDuration: "300ms", cooldown: "1h", evidence: "clip"}
evidence: clip: {pre: "200ms", post: "200ms", fps: 10}
sinks: log: jsonl: path: "events.jsonl"
`

func build(t testing.TB, source string) *graph.Graph {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	res, err := vet.Vet(t.Context(), []string{"p/pipeline.cue"}, vet.Options{
		Kinds: kinds, Dir: t.TempDir(), Files: map[string][]byte{"p/pipeline.cue": []byte(source)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Graph == nil {
		t.Fatalf("vet: %v", res.Findings)
	}
	return res.Graph
}

// TestFromCaptureToClip: what a collector is told of a run is whole: each part of a picture's way, in one tree and in order.
func TestFromCaptureToClip(t *testing.T) {
	c := &collector{}
	reg := prometheus.NewRegistry()
	tracer, err := New(t.Context(), Options{Endpoint: c.serve(t), Run: "run", Pipeline: "p", Registry: reg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	e, err := engine.New(engine.Config{
		Graph: build(t, pipeline), StateDir: dir, ClipsDir: dir, RunID: "run", Tracer: tracer,
		Secret: func(node.Secret) (string, error) { return "", errors.New("there are none") },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	traced, untraced := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
		untraced() // what the end of a run writes is told too
	})
	wg.Go(func() { tracer.Run(traced) })
	whole := func() bool {
		for _, of := range c.trees() {
			if strings.Contains(names(of), "clip") {
				return true
			}
		}
		return false
	}
	for end := time.Now().Add(60 * time.Second); !whole() && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
	}
	stop()
	wg.Wait()

	n := 0
	for _, of := range c.trees() {
		if !strings.Contains(names(of), "event works") {
			t.Errorf("a picture is told that decided nothing, with a share of 0: %s", names(of))
			continue
		}
		n++
		for _, part := range []string{"arrival", "clip clip", "dispatch near", "event works", "picture front", "run near"} {
			if !strings.Contains(names(of), part) {
				t.Errorf("the trace has no %s: %s", part, names(of))
			}
		}
		byID := map[string]*spans.Span{}
		for _, s := range of {
			byID[string(s.GetSpanId())] = s
		}
		if len(byID) != len(of) {
			t.Errorf("%d spans have %d ids: %s", len(of), len(byID), names(of))
		}
		roots := 0
		for _, s := range of {
			up := byID[string(s.GetParentSpanId())]
			if up == nil {
				roots++
				if s.GetName() != "picture front" || text(s, "rvo.camera") != "front" {
					t.Errorf("the root is %s", s.GetName())
				}
			}
			if s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
				t.Errorf("%s ends before it begins", s.GetName())
			}
			if s.GetName() == "clip clip" && (up == nil || up.GetName() != "event works") {
				t.Errorf("the clip hangs below %s", up.GetName())
			}
			if s.GetName() == "run near" && (len(s.GetEvents()) != 1 || s.GetEvents()[0].GetName() != "signal") {
				t.Errorf("the run tells of %v", s.GetEvents())
			}
			if s.GetName() == "picture front" {
				if at := time.Unix(0, int64(s.GetStartTimeUnixNano())); time.Since(at).Abs() > 5*time.Minute {
					t.Errorf("the picture was taken at %v", at)
				}
			}
		}
		if roots != 1 {
			t.Errorf("%d roots: %s", roots, names(of))
		}
	}
	if n != 1 {
		t.Errorf("%d traces of events, want that of the one event", n)
	}
	if lost := testutil.ToFloat64(tracer.lost) + testutil.ToFloat64(tracer.dropped); lost != 0 {
		t.Errorf("%g notes or spans were lost", lost)
	}
	if sent := testutil.ToFloat64(tracer.sent); int(sent) != len(c.spans) {
		t.Errorf("%g spans were sent, %d came", sent, len(c.spans))
	}
}

// sink takes spans and may refuse them.
type sink struct {
	err   error
	spans []sdk.ReadOnlySpan
}

func (s *sink) ExportSpans(_ context.Context, of []sdk.ReadOnlySpan) error {
	if s.err == nil {
		s.spans = append(s.spans, of...)
	}
	return s.err
}

func (s *sink) Shutdown(context.Context) error { return nil }

// small is a tracer and a graph to make notes by.
func small(t testing.TB, share float64) (*Tracer, *sink, *graph.Graph) {
	t.Helper()
	to := &sink{}
	tr, err := newTracer(Options{Run: "run", Pipeline: "p", Sample: share, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}, to)
	if err != nil {
		t.Fatal(err)
	}
	return tr, to, build(t, pipeline)
}

// TestShare: about the share that was asked for is told, the same pictures whoever asks.
func TestShare(t *testing.T) {
	const pictures = 2000
	told := map[string]bool{}
	for round := range 2 {
		tr, to, g := small(t, 0.1)
		for n := uint64(1); n <= pictures; n++ {
			tr.Turn(g, nil, []sched.Input{{Kind: sched.InputFrame, Now: 1, Seq: n, Capture: 1}}, []sched.Decision{{Kind: sched.DecisionRun, Seq: n, Job: n}})
			tr.Turn(g, nil, []sched.Input{{Kind: sched.InputFinished, Now: 2, Job: n}}, nil)
		}
		tr.flush(t.Context(), true)
		roots := 0
		for _, s := range to.spans {
			if s.Name() != "picture front" {
				continue
			}
			roots++
			id := s.SpanContext().TraceID().String()
			if round == 1 && !told[id] {
				t.Fatal("another picture is told than before")
			}
			told[id] = true
		}
		if roots < pictures/15 || roots > pictures/7 {
			t.Errorf("%d of %d pictures are told, asked was for a tenth", roots, pictures)
		}
	}
}

// TestWhyARunFailed: where and why a service failed is in its run's span.
func TestWhyARunFailed(t *testing.T) {
	tr, to, g := small(t, 1)
	tr.Turn(g, nil, []sched.Input{{Kind: sched.InputFrame, Now: 1, Seq: 1, Capture: 1}}, []sched.Decision{{Kind: sched.DecisionRun, Seq: 1, Job: 1}, {Kind: sched.DecisionRun, Seq: 1, Job: 2, Instance: 1}})
	tr.Failed(1, &node.Failure{Hop: "server", Cause: "deadline", Err: context.DeadlineExceeded})
	tr.Turn(g, nil, []sched.Input{{Kind: sched.InputFinished, Now: 5, Job: 1, Outcome: sched.OutcomeFailed}}, []sched.Decision{{Kind: sched.DecisionAbandon, Job: 2}})
	tr.flush(t.Context(), true)
	want := map[string]string{"run far": "failed server deadline", "run near": "timeout  "}
	for _, s := range to.spans {
		w, ok := want[s.Name()]
		if !ok {
			continue
		}
		delete(want, s.Name())
		got := map[attribute.Key]string{}
		for _, a := range s.Attributes() {
			got[a.Key] = a.Value.AsString()
		}
		if g := got["rvo.outcome"] + " " + got["rvo.hop"] + " " + got["rvo.cause"]; g != w {
			t.Errorf("%s says %q, want %q", s.Name(), g, w)
		}
	}
	if len(want) > 0 {
		t.Errorf("there is no span of %v", want)
	}
}

// TestNothingWaits: while nobody takes notes they are dropped past a bound, and counted; a collector that refuses costs spans.
func TestNothingWaits(t *testing.T) {
	tr, to, g := small(t, 1)
	in := []sched.Input{{Kind: sched.InputFrame, Now: 1, Seq: 1, Capture: 1}}
	for range maxNotes {
		tr.Turn(g, nil, in, nil)
	}
	if n := testutil.ToFloat64(tr.dropped); n != maxNotes || len(tr.notes) != maxNotes {
		t.Errorf("%g notes were dropped and %d kept, want %d each", n, len(tr.notes), maxNotes)
	}
	to.err = context.DeadlineExceeded
	tr.Turn(g, nil, in, []sched.Decision{{Kind: sched.DecisionRun, Seq: 1, Job: 1}})
	tr.flush(t.Context(), true)
	tr.Turn(g, nil, in, []sched.Decision{{Kind: sched.DecisionRun, Seq: 2, Job: 2}})
	tr.flush(t.Context(), true)
	if lost, sent := testutil.ToFloat64(tr.lost), testutil.ToFloat64(tr.sent); lost == 0 || sent != 0 {
		t.Errorf("%g spans lost, %g sent", lost, sent)
	}
}

// TestTurnMakesNoGarbage: on the live path a turn costs copies alone.
func TestTurnMakesNoGarbage(t *testing.T) {
	tr, _, g := small(t, 1)
	in := []sched.Input{{Kind: sched.InputFrame, Now: 1, Seq: 1, Capture: 1}, {Kind: sched.InputFinished, Now: 1, Job: 1}}
	out := []sched.Decision{{Kind: sched.DecisionRun, Seq: 1, Job: 2}, {Kind: sched.DecisionSignal}}
	if n := testing.AllocsPerRun(1000, func() { tr.Turn(g, nil, in, out) }); n != 0 {
		t.Errorf("a turn makes %g objects", n)
	}
}

// BenchmarkTurn is what the core waits for in a turn with a picture, the end of a run, the start of one and a signal.
func BenchmarkTurn(b *testing.B) {
	tr, _, g := small(b, 1)
	in := []sched.Input{{Kind: sched.InputFrame, Now: 1, Seq: 1, Capture: 1}, {Kind: sched.InputFinished, Now: 1, Job: 1}}
	out := []sched.Decision{{Kind: sched.DecisionRun, Seq: 1, Job: 2}, {Kind: sched.DecisionSignal}}
	b.ReportAllocs()
	for b.Loop() {
		if len(tr.notes) > maxNotes/2 {
			tr.notes = tr.notes[:0]
		}
		tr.Turn(g, nil, in, out)
	}
}

func TestRefuses(t *testing.T) {
	for _, o := range []Options{
		{Endpoint: "localhost:4317"}, {Endpoint: "ftp://a:1"}, {Endpoint: "http://a:1", Sample: 2}, {Endpoint: "http://a:1", Sample: -1},
	} {
		o.Registry = prometheus.NewRegistry()
		if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "must be") {
			t.Errorf("%+v gives %v", o, err)
		}
	}
}
