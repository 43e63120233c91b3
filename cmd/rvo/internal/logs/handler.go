package logs

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"rvo.dev/engine/redact"
)

// Handler redacts, limits and hands on. Make one with New.
type Handler struct {
	inner slog.Handler
	limit *limiter
	node  string // the node named by WithAttrs, for the limiter's key
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.inner.Enabled(ctx, l) }

// Handle implements slog.Handler. A warning or an error that repeats within a second is counted instead of written; the
// next one that is written carries the count as "suppressed".
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	node := h.node
	out := slog.NewRecord(r.Time, r.Level, redact.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if isNode(a.Key) {
			node += "/" + a.Value.String()
		}
		out.AddAttrs(redactAttr(a))
		return true
	})
	if r.Level >= slog.LevelWarn && !r.Time.IsZero() {
		write, left := h.limit.admit(fault{r.Level, out.Message, node}, r.Time)
		if !write {
			return nil
		}
		if left > 0 {
			out.AddAttrs(slog.Uint64("suppressed", left))
		}
	}
	return h.inner.Handle(ctx, out)
}

// Flush writes a line for each fault whose last repeats were counted and not yet told. Call it before the end.
func (h *Handler) Flush(ctx context.Context) {
	for _, p := range h.limit.drain() {
		r := slog.NewRecord(p.last, p.fault.level, p.fault.message, 0)
		if p.fault.node != "" {
			r.AddAttrs(slog.String("node", redact.Text(strings.TrimPrefix(p.fault.node, "/"))))
		}
		r.AddAttrs(slog.Uint64("suppressed", p.left))
		// There is nowhere to report that the log cannot be written.
		_ = h.inner.Handle(ctx, r)
	}
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(as []slog.Attr) slog.Handler {
	n := *h
	clean := make([]slog.Attr, len(as))
	for i, a := range as {
		if isNode(a.Key) {
			n.node += "/" + a.Value.String()
		}
		clean[i] = redactAttr(a)
	}
	n.inner = h.inner.WithAttrs(clean)
	return &n
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	n := *h
	n.inner = h.inner.WithGroup(name)
	return &n
}

// isNode says which attributes tell faults of different nodes apart. They are bounded by the pipeline; anything else (a
// frame number, an error's text) may differ each time and would defeat the limit.
func isNode(key string) bool {
	switch key {
	case "node", "camera", "detector", "event", "sink", "evidence":
		return true
	}
	return false
}

func redactAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if redact.Key(a.Key) && v.Kind() == slog.KindString && v.String() != "" {
		return slog.String(a.Key, redact.Hidden)
	}
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(redact.Text(v.String()))
	case slog.KindGroup:
		g := v.Group()
		clean := make([]slog.Attr, len(g))
		for i := range g {
			clean[i] = redactAttr(g[i])
		}
		v = slog.GroupValue(clean...)
	case slog.KindAny:
		// Errors, URLs and structs alike: what would be printed is what is looked at.
		s := fmt.Sprint(v.Any())
		_, isErr := v.Any().(error)
		if clean := redact.Text(s); isErr || clean != s {
			v = slog.StringValue(clean)
		}
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64,
		slog.KindLogValuer:
		// Numbers hide nothing, and Resolve left no LogValuer.
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// quote makes a value safe to stand in a line of text: one word as it is, anything else in quotes with controls escaped.
func quote(s string) string {
	if s == "" {
		return `""`
	}
	for _, c := range s {
		if c <= ' ' || c == '"' || c == '=' || c == '\\' || !strconv.IsPrint(c) {
			return strconv.Quote(s)
		}
	}
	return s
}

// clock is the time of day as text lines show it: the date is on the first line of a run only.
func clock(t time.Time) string { return t.Format("15:04:05.000") }
