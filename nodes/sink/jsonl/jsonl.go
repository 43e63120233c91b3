// Package jsonl is the sink kind that appends event records to a file, one JSON object a line.
//
//	sinks: log: jsonl: {path: "events.jsonl", fsync: "record"}
//
// A line is there as a whole or not at all: what a full disk cut off is taken back and the record tried again, and a
// line that a crash left unfinished is ended before the next one. A file that was moved or deleted is made anew; SIGHUP
// reopens it. One sink writes a file: two may only append whole lines to it. Options that change while it runs hold from the
// next record on, in the same file. With fsync "interval" a timer of the
// standard library forces records to the disk between writes; Close stops it. The package starts no other goroutine.
package jsonl

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the JSON lines sink.
func Kind() node.Kind {
	return node.SinkKind(node.Contract{
		Name:    "jsonl",
		Doc:     "a file with one JSON object a line for each event record, rotated by size",
		Options: optionsCUE,
		Writes:  []string{"path"},
		Changes: map[string]node.Change{
			"path":  node.Replace, // two files do not disturb each other
			"fsync": node.Retune, "interval": node.Retune, "maxBytes": node.Retune, "files": node.Retune,
		},
		Exclusive: true, // two writers would rotate the file under each other's hands
	}, open)
}

// Options are what stands under the kind's key. Zero values stand for the defaults.
type Options struct {
	Path     string        `json:"path"`
	Fsync    string        `json:"fsync"` // never, interval or record
	Interval node.Duration `json:"interval"`
	MaxBytes node.Bytes    `json:"maxBytes"`
	Files    int           `json:"files"`
}

func (o *Options) complete() error {
	if o.Path == "" {
		o.Path = "events.jsonl"
	}
	if o.Fsync == "" {
		o.Fsync = "interval"
	}
	o.Interval = node.Duration(o.Interval.Or(time.Second))
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	if o.Files == 0 {
		o.Files = 8
	}
	switch o.Fsync {
	case "never", "interval", "record":
	default:
		return fmt.Errorf("fsync %q: must be never, interval or record", o.Fsync)
	}
	if o.Files < 1 || o.Files > maxFiles {
		return fmt.Errorf("files %d: must be from 1 to %d", o.Files, maxFiles)
	}
	return nil
}

// maxFiles bounds how many files a rotation renames.
const maxFiles = 1000

func open(_ context.Context, env node.Env, o Options) (node.Sink, error) {
	tuned, err := node.NewTuned(o, func(o Options) (Options, error) {
		if err := o.complete(); err != nil {
			return o, fmt.Errorf("sink %q: jsonl: %w", env.ID, err)
		}
		return o, nil
	})
	if err != nil {
		return nil, err
	}
	path, err := env.OutputPath(tuned.Now().Path)
	if err != nil {
		return nil, fmt.Errorf("sink %q: jsonl: %w", env.ID, err)
	}
	s := &sink{Tuned: tuned, path: path, log: env.Log}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("sink %q: jsonl: %w", env.ID, err)
	}
	return s, nil
}
