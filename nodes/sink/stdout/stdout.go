// Package stdout is the sink kind that writes event records to standard output: one line an event, for people on a
// terminal, as JSON everywhere else.
//
//	sinks: console: stdout: {}
//
// It writes nothing but whole lines and keeps nothing back. It never closes standard output and starts no goroutine.
package stdout

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"time"

	"rvo.dev/engine/node"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the standard output sink.
func Kind() node.Kind {
	return node.SinkKind(node.Contract{
		Name:    "stdout",
		Doc:     "one line an event record on standard output: readable on a terminal, JSON otherwise",
		Options: optionsCUE,
		Changes: map[string]node.Change{"format": node.Retune},
		// Two of them would only say everything twice, but they do not disturb each other.
	}, open)
}

// Options are what stands under the kind's key.
type Options struct {
	Format string `json:"format"` // auto, text or json; empty: auto
}

func open(_ context.Context, env node.Env, o Options) (node.Sink, error) {
	s := &sink{out: env.Stdout}
	var err error
	s.Tuned, err = node.NewTuned(o, func(o Options) (settings, error) {
		text := env.Terminal
		switch o.Format {
		case "", "auto":
		case "text":
			text = true
		case "json":
			text = false
		default:
			return settings{}, fmt.Errorf("sink %q: stdout: format %q: must be auto, text or json", env.ID, o.Format)
		}
		if !text {
			return settings{}, nil
		}
		// https://no-color.org: set to anything, it means no colour.
		return settings{text: &line{zone: time.Local, colour: env.Terminal && os.Getenv("NO_COLOR") == ""}}, nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// settings are how a record is written.
type settings struct {
	text *line // nil: JSON
}

type sink struct {
	*node.Tuned[Options, settings]
	out io.Writer
	buf []byte
}

// Write implements node.Sink: the whole line in one write, so that lines of the log on the same terminal do not mix
// with it.
func (s *sink) Write(ctx context.Context, r *node.Record, json []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if text := s.Now().text; text == nil {
		s.buf = append(s.buf[:0], json...)
	} else {
		s.buf = text.append(s.buf[:0], r)
	}
	s.buf = append(s.buf, '\n')
	if _, err := s.out.Write(s.buf); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// Close implements node.Sink.
func (s *sink) Close() error { return nil }
