// Package trace tells an OpenTelemetry collector what became of pictures: one trace a picture, from its capture over the core's
// taking it and each detector's run to the events that it decided and their clips.
//
//	t, err := trace.New(ctx, trace.Options{Endpoint: "http://localhost:4317", Sample: 0.01, Run: id, Pipeline: "site", Registry: reg})
//	cfg.Tracer = t        // of engine.Config
//	t.Run(ctx)            // until the run is over
//
// A share of all pictures is told, and every one that decided an event. On the live path a turn's notes are copied into a buffer
// of fixed size, and what does not fit is counted; Run makes spans of them later and sends those. Ids are computed from the run,
// the camera and the picture's number, so that a clip that is written a minute later still finds its trace.
//
// Run blocks; the package says no go. What the exporter starts ends with Run.
package trace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Options say what is told, and to whom.
type Options struct {
	// Endpoint is the collector's: http://host:4317, or https:// with the certificates that the system trusts.
	Endpoint string
	// Sample is the share of pictures that are told, 0 to 1; those that decide an event are told in any case.
	Sample float64
	// Run and Pipeline name what runs.
	Run, Pipeline string
	Registry      *prometheus.Registry
	Log           *slog.Logger
}

const (
	// flushEvery is how often notes become spans.
	flushEvery = 250 * time.Millisecond
	// maxNotes bounds what waits between two flushes: 64 thousand are those of 1000 cameras with four detectors each.
	maxNotes = 1 << 16
	// sendTime bounds one try to send spans, with its repetitions. Notes go on to be taken meanwhile.
	sendTime = 10 * time.Second
)

// Tracer implements engine.Tracer.
type Tracer struct {
	builder  *builder
	exporter sdk.SpanExporter
	log      *slog.Logger

	mu    sync.Mutex
	notes []note // since the last flush
	spare []note // taken turns with

	dropped    prometheus.Counter
	sent, lost prometheus.Counter
	failing    bool // and logged as such
}

// New returns a tracer that has not begun. It does not wait for the collector.
func New(ctx context.Context, o Options) (*Tracer, error) {
	if u, err := url.Parse(o.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the collector %q: must be http://host:port or https://host:port", o.Endpoint)
	}
	if math.IsNaN(o.Sample) || o.Sample < 0 || o.Sample > 1 {
		return nil, fmt.Errorf("a sample of %g: must be from 0 (only pictures that decide an event) to 1 (all)", o.Sample)
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(o.Endpoint), otlptracegrpc.WithTimeout(sendTime))
	if err != nil {
		return nil, fmt.Errorf("the collector %s: %w", o.Endpoint, err)
	}
	return newTracer(o, exporter)
}

func newTracer(o Options, exporter sdk.SpanExporter) (*Tracer, error) {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rvo_trace_spans_total", Help: "Spans for the collector of traces, by outcome: sent, lost.",
	}, []string{"outcome"})
	t := &Tracer{
		builder: newBuilder(o), exporter: exporter, log: o.Log,
		notes: make([]note, 0, maxNotes), spare: make([]note, 0, maxNotes),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rvo_trace_notes_dropped_total", Help: "Notes for traces that were dropped because too many waited; their pictures' traces lack parts.",
		}),
		sent: spans.WithLabelValues("sent"), lost: spans.WithLabelValues("lost"),
	}
	return t, errors.Join(o.Registry.Register(spans), o.Registry.Register(t.dropped))
}

// Run makes spans of notes and sends them until ctx is done; then it sends what there is, within a few seconds.
func (t *Tracer) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			t.flush(ctx, false)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime/2)
	defer cancel()
	t.flush(last, true)
	if err := t.exporter.Shutdown(last); err != nil {
		t.log.Warn("the connection to the collector of traces did not end", "err", err)
	}
}

// flush takes the notes and sends the spans of the pictures that are over, or of all at the end.
func (t *Tracer) flush(ctx context.Context, all bool) {
	t.mu.Lock()
	notes := t.notes
	t.notes, t.spare = t.spare[:0], nil
	t.mu.Unlock()
	t.builder.take(notes)
	clear(notes)
	t.mu.Lock()
	t.spare = notes[:0]
	t.mu.Unlock()
	spans := t.builder.spans(all)
	if len(spans) == 0 {
		return
	}
	if err := t.exporter.ExportSpans(ctx, spans); err != nil {
		t.lost.Add(float64(len(spans)))
		if !t.failing {
			t.log.Warn("traces cannot be sent; they are lost until they can", "spans", len(spans), "err", err)
		}
		t.failing = true
		return
	}
	t.sent.Add(float64(len(spans)))
	if t.failing {
		t.log.Info("traces are sent again")
	}
	t.failing = false
}
