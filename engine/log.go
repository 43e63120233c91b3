package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"rvo.dev/engine/queue"
)

// logQueue bounds the log records that wait for the program's own handler: a burst of every node failing at once.
const logQueue = 512

// logger hands records to the program's handler from a goroutine of its own: standard error may be a pipe that nobody
// reads, and the core must not wait for it. The oldest records are dropped and counted.
type logger struct {
	q    *queue.Queue[entry]
	done chan struct{}
	live atomic.Bool // the goroutine runs; before and after it records are written at once
}

type entry struct {
	h slog.Handler
	r slog.Record
}

func newLogger() *logger {
	return &logger{q: queue.New[entry](logQueue, queue.DropOldest), done: make(chan struct{})}
}

// handler returns a handler that writes to h by way of l.
func (l *logger) handler(h slog.Handler) slog.Handler { return &logHandler{l, h} }

// run writes what is queued until stop.
func (l *logger) run() {
	defer close(l.done)
	for {
		e, ok := l.q.Pop(context.Background()) // ends by Close
		if !ok {
			return
		}
		write(e)
	}
}

// write gives a record to the program's handler. What it says of its own failure has nowhere to go.
func write(e entry) { _ = e.h.Handle(context.Background(), e.r) }

// stop writes what is queued, for at most that long.
func (l *logger) stop(limit time.Duration) {
	l.live.Store(false)
	l.q.Close()
	select {
	case <-l.done:
	case <-time.After(limit):
	}
}

type logHandler struct {
	l *logger
	h slog.Handler
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.h.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	if !h.l.live.Load() {
		return h.h.Handle(ctx, r)
	}
	h.l.q.Push(entry{h.h, r.Clone()})
	return nil
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(a []slog.Attr) slog.Handler { return &logHandler{h.l, h.h.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.l, h.h.WithGroup(name)}
}
