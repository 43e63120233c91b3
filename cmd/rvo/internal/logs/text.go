package logs

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// textHandler writes lines for people: "12:04:05.120 WARN  camera is down camera=front error=…". The standard library's
// text format repeats key names that every line has and puts the date first, which is too wide for a terminal.
type textHandler struct {
	level  slog.Level
	attrs  []byte // already written out, from WithAttrs
	prefix string // of keys, from WithGroup
	out    *locked
}

type locked struct {
	mu struct {
		sync.Mutex
		w io.Writer
	}
}

func newTextHandler(w io.Writer, level slog.Level) *textHandler {
	out := &locked{}
	out.mu.w = w
	return &textHandler{level: level, out: out}
}

func (h *textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	if !r.Time.IsZero() {
		b.WriteString(clock(r.Time))
		b.WriteByte(' ')
	}
	name := r.Level.String()
	b.WriteString(name)
	for range 5 - len(name) {
		b.WriteByte(' ')
	}
	b.WriteByte(' ')
	b.WriteString(printable(r.Message))
	b.Write(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, h.prefix, a)
		return true
	})
	b.WriteByte('\n')
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.mu.w.Write(b.Bytes())
	return err
}

func (h *textHandler) WithAttrs(as []slog.Attr) slog.Handler {
	n := *h
	b := bytes.NewBuffer(bytes.Clone(h.attrs))
	for _, a := range as {
		writeAttr(b, h.prefix, a)
	}
	n.attrs = b.Bytes()
	return &n
}

func (h *textHandler) WithGroup(name string) slog.Handler {
	n := *h
	n.prefix += name + "."
	return &n
}

func writeAttr(b *bytes.Buffer, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, m := range v.Group() {
			writeAttr(b, prefix, m)
		}
		return
	}
	if a.Key == "" {
		return
	}
	b.WriteByte(' ')
	b.WriteString(quote(prefix + a.Key))
	b.WriteByte('=')
	b.WriteString(quote(v.String()))
}

// printable keeps a message on its line and a terminal out of its hands: a name from a stream may hold escape sequences.
func printable(s string) string {
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			q := quote(s)
			return q
		}
	}
	return s
}
