package trace

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// place is where a span hangs.
type place struct {
	trace trace.TraceID
	span  trace.SpanID
	at    time.Time // when it ended
}

// maker makes spans, whose ids follow from what they are about.
type maker struct {
	run    string
	tracer trace.Tracer
	ids    *ids
	made   *collected
}

// collected keeps spans that are over until they are sent.
type collected struct{ spans []sdk.ReadOnlySpan }

// OnStart implements sdk.SpanProcessor.
func (*collected) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd implements sdk.SpanProcessor.
func (c *collected) OnEnd(s sdk.ReadOnlySpan) { c.spans = append(c.spans, s) }

// Shutdown implements sdk.SpanProcessor.
func (*collected) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdk.SpanProcessor.
func (*collected) ForceFlush(context.Context) error { return nil }

// ids gives the ids that were set.
type ids struct {
	trace trace.TraceID
	span  trace.SpanID
}

// NewIDs implements sdk.IDGenerator.
func (i *ids) NewIDs(context.Context) (trace.TraceID, trace.SpanID) { return i.trace, i.span }

// NewSpanID implements sdk.IDGenerator.
func (i *ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return i.span }

func newMaker(o Options) *maker {
	m := &maker{run: o.Run, ids: &ids{}, made: &collected{}}
	provider := sdk.NewTracerProvider(
		sdk.WithSpanProcessor(m.made), sdk.WithIDGenerator(m.ids), sdk.WithSampler(sdk.AlwaysSample()),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "rvo"), attribute.String("service.instance.id", o.Run), attribute.String("rvo.pipeline", o.Pipeline),
		)),
	)
	m.tracer = provider.Tracer("rvo.dev")
	return m
}

// take returns the spans that were made since the last call.
func (m *maker) take() []sdk.ReadOnlySpan {
	out := m.made.spans
	m.made.spans = nil
	return out
}

// trace returns the id of a picture's trace.
func (m *maker) trace(k key) (id trace.TraceID) {
	sum := sha256.Sum256([]byte(m.run + "\x00" + k.camera + "\x00" + strconv.FormatUint(k.seq, 10)))
	copy(id[:], sum[:])
	return id
}

// sampled says whether a picture is of the share that is told.
func sampled(id trace.TraceID, share float64) bool {
	return float64(binary.BigEndian.Uint64(id[8:])>>11) < share*(1<<53)
}

// spanID follows from a trace and what the span is about in it.
func spanID(in trace.TraceID, unique string) (id trace.SpanID) {
	sum := sha256.Sum256(append(in[:], unique...))
	copy(id[:], sum[:])
	return id
}

// event returns where the span of an event will be.
func (m *maker) event(k key, occurrence string, at time.Time) place {
	id := m.trace(k)
	return place{id, spanID(id, "event "+occurrence), at}
}

func wall(t tick.Time, offset int64) time.Time { return time.Unix(0, int64(t)+offset) }

// span begins one, for the caller to end.
func (m *maker) span(id trace.TraceID, parent trace.SpanID, name, unique string, from time.Time, attrs ...attribute.KeyValue) trace.Span {
	m.ids.trace, m.ids.span = id, spanID(id, unique)
	ctx := context.Background()
	if parent.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: parent, TraceFlags: trace.FlagsSampled}))
	}
	_, s := m.tracer.Start(ctx, name, trace.WithTimestamp(from), trace.WithAttributes(attrs...))
	return s
}

// picture makes the spans of a picture, its runs and the events that it decided. Of one that was told before only the new ones.
func (m *maker) picture(p *picture, offset int64, told bool) {
	id := m.trace(p.key)
	capture, taken, last := wall(p.capture, offset), wall(p.taken, offset), wall(max(p.taken, p.last), offset)
	root := spanID(id, "picture")
	if !told {
		m.span(id, trace.SpanID{}, "picture "+p.camera, "picture", capture, attribute.String("rvo.camera", p.camera), attribute.Int64("rvo.frame", int64(p.seq))).
			End(trace.WithTimestamp(last))
		m.span(id, root, "arrival", "arrival", capture).End(trace.WithTimestamp(taken))
	}
	for _, r := range p.runs {
		m.ran(id, root, p, r, offset)
	}
	for _, e := range p.events {
		m.span(id, root, "event "+e.event, "event "+e.occurrence, wall(e.at.Since, offset), attribute.String("rvo.event", e.event), attribute.String("rvo.occurrence", e.occurrence)).
			End(trace.WithTimestamp(wall(e.at.At, offset)))
	}
}

// ran makes the spans of a run: how long the picture waited for it, and the run itself.
func (m *maker) ran(id trace.TraceID, parent trace.SpanID, p *picture, r *run, offset int64) {
	of := attribute.String("rvo.detector", r.detector)
	unique, began, ended := strconv.FormatUint(r.job, 10), wall(r.began, offset), wall(r.ended, offset)
	m.span(id, parent, "dispatch "+r.detector, "dispatch "+unique, wall(p.taken, offset), of).End(trace.WithTimestamp(began))
	s := m.span(id, parent, "run "+r.detector, "run "+unique, began, of)
	switch {
	case !r.over:
		ended = wall(max(p.last, r.began), offset)
		s.SetStatus(codes.Error, "not over when the trace was told")
	case r.outcome != sched.OutcomeOK:
		s.SetAttributes(attribute.String("rvo.outcome", r.outcome.String()))
		text := r.text
		if r.why != nil {
			s.SetAttributes(attribute.String("rvo.hop", r.why.Hop), attribute.String("rvo.cause", r.why.Cause))
			text = r.why.Hop + ": " + r.why.Cause
		}
		s.SetStatus(codes.Error, text)
	}
	for _, name := range r.signals {
		s.AddEvent("signal", trace.WithTimestamp(ended), trace.WithAttributes(attribute.String("rvo.signal", name)))
	}
	s.End(trace.WithTimestamp(ended))
}

// clip makes the span of a clip, in the trace of each event that it shows and that was told.
func (m *maker) clip(n *note, events *kept[string, place]) {
	r := n.clip
	for _, occurrence := range r.Records {
		at, ok := events.get(occurrence)
		if !ok {
			continue
		}
		end := time.Unix(0, n.offset)
		s := m.span(at.trace, at.span, "clip "+r.Policy, "clip "+occurrence, at.at,
			attribute.String("rvo.evidence", r.Policy), attribute.String("rvo.clip", r.Clip), attribute.Int("rvo.frames", r.Frames), attribute.Int64("rvo.bytes", r.Bytes))
		if r.Err != nil {
			s.SetStatus(codes.Error, string(r.Cause))
		}
		s.End(trace.WithTimestamp(end))
	}
}
