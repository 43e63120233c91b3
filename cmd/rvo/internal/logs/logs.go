// Package logs makes the program's logger: readable lines on a terminal, JSON elsewhere, and nothing secret in either.
//
//	h := logs.New(os.Stderr, logs.Options{Format: logs.Text, Level: slog.LevelInfo})
//	log := slog.New(h)
//	defer h.Flush(ctx)
//
// Every message and attribute goes through Redact, so that a camera's password cannot reach a log by way of an error of
// some library. A fault that repeats is written once a second and node, with the number left out. The package never
// opens files and reads no clock: the time of a record is the record's own. It starts no goroutine.
package logs

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Format is how records are written.
type Format uint8

const (
	// Text is a line for people: time of day, level, message, key=value.
	Text Format = iota
	// JSON is an object a line.
	JSON
)

// ParseFormat reads "text", "json" or "auto"; auto is Text when terminal is set and JSON otherwise.
func ParseFormat(s string, terminal bool) (Format, error) {
	switch s {
	case "text":
		return Text, nil
	case "json":
		return JSON, nil
	case "auto":
		if terminal {
			return Text, nil
		}
		return JSON, nil
	}
	return 0, fmt.Errorf("log format %q: must be auto, text or json", s)
}

// ParseLevel reads "debug", "info", "warn" or "error".
func ParseLevel(s string) (slog.Level, error) {
	switch strings.ToLower(s) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log level %q: must be debug, info, warn or error", s)
}

// Options are what a Handler can be told.
type Options struct {
	Format Format
	// Level is the lowest level written.
	Level slog.Level
}

// New returns a handler that writes to w. It is safe for concurrent use: w gets one Write a record, never two at once.
func New(w io.Writer, o Options) *Handler {
	var inner slog.Handler
	if o.Format == JSON {
		inner = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: o.Level, ReplaceAttr: spelled})
	} else {
		inner = newTextHandler(w, o.Level)
	}
	return &Handler{inner: inner, limit: newLimiter()}
}

// spelled writes a duration with its unit, as in a line of text and in a pipeline: bare nanoseconds are read as anything.
func spelled(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}
