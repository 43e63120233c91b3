package web

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine/redact"
)

const (
	// maxLines bounds the lines of the log that are kept, maxAttr what is told of one attribute, in bytes.
	maxLines = 500
	maxAttr  = 2048
)

// LogTap is a slog.Handler that passes everything on and keeps the last lines, from level info up, for those who look at the
// run. What looks like a credential is taken out.
type LogTap struct {
	next   slog.Handler
	prefix string // of the names of attributes: groups
	attrs  map[string]string
	lines  *lines
}

// lines is what all handlers that were made of one keep.
type lines struct {
	mu struct {
		sync.Mutex
		list []api.Log
		told func(api.Log) // nil: nobody listens
	}
}

// NewLogTap returns a tap in front of a handler.
func NewLogTap(next slog.Handler) *LogTap { return &LogTap{next: next, lines: &lines{}} }

// Enabled implements slog.Handler.
func (t *LogTap) Enabled(ctx context.Context, l slog.Level) bool { return t.next.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (t *LogTap) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelInfo {
		line := api.Log{TimeMS: r.Time.UnixMilli(), Level: r.Level.String(), Message: short(redact.Text(r.Message))}
		if n := len(t.attrs) + r.NumAttrs(); n > 0 {
			line.Attrs = make(map[string]string, n)
		}
		maps.Copy(line.Attrs, t.attrs) // of no attributes to none
		r.Attrs(func(a slog.Attr) bool {
			put(line.Attrs, t.prefix, a)
			return true
		})
		t.lines.add(line)
	}
	return t.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (t *LogTap) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := &LogTap{next: t.next.WithAttrs(attrs), prefix: t.prefix, attrs: map[string]string{}, lines: t.lines}
	maps.Copy(c.attrs, t.attrs)
	for _, a := range attrs {
		put(c.attrs, c.prefix, a)
	}
	return c
}

// WithGroup implements slog.Handler.
func (t *LogTap) WithGroup(name string) slog.Handler {
	return &LogTap{next: t.next.WithGroup(name), prefix: t.prefix + name + ".", attrs: t.attrs, lines: t.lines}
}

// put writes an attribute down as text.
func put(to map[string]string, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, b := range v.Group() {
			put(to, prefix+a.Key+".", b)
		}
		return
	}
	to[prefix+a.Key] = short(redact.Text(v.String()))
}

// short cuts a text that nobody reads to its end.
func short(s string) string {
	if len(s) > maxAttr {
		return s[:maxAttr] + "…"
	}
	return s
}

func (l *lines) add(line api.Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.mu.list) == maxLines {
		l.mu.list = slices.Delete(l.mu.list, 0, 1)
	}
	l.mu.list = append(l.mu.list, line)
	if l.mu.told != nil {
		l.mu.told(line)
	}
}

// listen has f called with each line from now on; f must not log.
func (l *lines) listen(f func(api.Log)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.told = f
}

// serve gives the last lines.
func (l *lines) serve(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	out := api.LogLines{Lines: append([]api.Log{}, l.mu.list...)}
	l.mu.Unlock()
	writeJSON(w, http.StatusOK, out)
}
