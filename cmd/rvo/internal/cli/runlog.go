package cli

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rvo.dev/cmd/rvo/internal/logs"
	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
)

// logFlags say what is logged and how.
type logFlags struct {
	level  string
	format string
}

func (f *logFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&f.format, "log-format", "auto", "text, json, or auto: text on a terminal")
}

// runLog is the log of one run, and what a person is told at its start and end: lines where the log is text, records
// where it is JSON, so that whoever collects the log has one format.
type runLog struct {
	*slog.Logger
	handler *logs.Handler
	text    bool
	w       io.Writer
	now     func() time.Time
	began   time.Time
}

func (f *logFlags) open(a *app) (*runLog, error) {
	level, err := logs.ParseLevel(f.level)
	if err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	format, err := logs.ParseFormat(f.format, a.ErrTerminal)
	if err != nil {
		return nil, fmt.Errorf("--log-format: %w", err)
	}
	h := logs.New(a.Err, logs.Options{Format: format, Level: level})
	return &runLog{Logger: slog.New(h), handler: h, text: format == logs.Text, w: a.Err, now: a.Now, began: a.Now()}, nil
}

// note tells a person something that is no fault.
func (l *runLog) note(s string) {
	if l.text {
		fmt.Fprintf(l.w, "rvo: %s\n", s)
		return
	}
	l.Info(s)
}

// started says what runs and where things go.
func (l *runLog) started(g *graph.Graph, s engine.Status, state, clips string, server *web.Server) {
	l.began = l.now()
	address := "off"
	if server != nil {
		address = "http://" + server.Addr().String()
	}
	folders := evidenceFolders(g, s, state, clips)
	if !l.text {
		l.Info("running", "pipeline", g.Name, "revision", g.Revision, "state", state, "evidence", folders, "http", address)
		return
	}
	fmt.Fprintf(l.w, "rvo: running %s (%s): %s, %s, %s\n", g.Name, short(g.Revision),
		count(len(g.Cameras), "camera"), count(len(g.Detectors), "detector"), count(len(g.Events), "event"))
	fmt.Fprintf(l.w, "  state     %s\n", state)
	for _, f := range folders {
		fmt.Fprintf(l.w, "  evidence  %s\n", f)
	}
	if server != nil {
		address += "  (/metrics /health /ready)"
	}
	fmt.Fprintf(l.w, "  http      %s\n", address)
}

// evidenceFolders returns where clips go, each folder once: what the engine says, or before it knows what it will say.
func evidenceFolders(g *graph.Graph, s engine.Status, state, clips string) []string {
	if clips != "" && len(g.Evidence) > 0 {
		return []string{clips}
	}
	var out []string
	for _, e := range s.Evidence {
		out = append(out, e.Dir)
	}
	if len(out) == 0 {
		for _, e := range g.Evidence {
			d := e.Dir
			if d == "" {
				d = "evidence"
			}
			if !filepath.IsAbs(d) && !strings.HasPrefix(d, "~/") {
				d = filepath.Join(state, d)
			}
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ended says what was done.
func (l *runLog) ended(s engine.Status) {
	var frames, dropped, runs, failed, clips, clipsDropped uint64
	skipped := map[string]uint64{}
	for _, c := range s.Cameras {
		frames += c.Frames
		dropped += c.Dropped
	}
	for _, d := range s.Detectors {
		runs += d.Runs
		failed += d.Failed
		for cause, n := range d.Skipped {
			skipped[cause] += n
		}
	}
	for _, e := range s.Evidence {
		clips += e.Clips
		clipsDropped += e.Dropped
	}
	took := l.now().Sub(l.began)
	if !l.text {
		l.Info("ended", "took", took.Round(time.Millisecond).String(), "frames", frames, "frames_dropped", dropped, "runs", runs, "runs_failed", failed,
			"skipped", skipped, "confirmed", s.Events.Confirmed, "ended", s.Events.Ended, "clips", clips, "clips_dropped", clipsDropped)
		return
	}
	fmt.Fprintf(l.w, "rvo: ran %s: %s", took.Round(100*time.Millisecond), count(frames, "frame"))
	if dropped > 0 {
		fmt.Fprintf(l.w, " (%d dropped)", dropped)
	}
	fmt.Fprintf(l.w, ", %s of detectors", count(runs, "run"))
	if failed > 0 {
		fmt.Fprintf(l.w, " (%d failed)", failed)
	}
	fmt.Fprintf(l.w, ", %s confirmed, %s", count(s.Events.Confirmed, "event"), count(clips, "clip"))
	if clipsDropped > 0 {
		fmt.Fprintf(l.w, " (%d dropped)", clipsDropped)
	}
	fmt.Fprintln(l.w)
	if line := causes(skipped); line != "" {
		fmt.Fprintf(l.w, "  runs not started: %s\n", line)
	}
}

// causes lists counts by cause, the largest first.
func causes(m map[string]uint64) string {
	keys := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(keys, func(a, b string) int {
		switch {
		case m[a] > m[b]:
			return -1
		case m[a] < m[b]:
			return 1
		}
		return 0
	})
	var parts []string
	for _, k := range keys {
		if m[k] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
		}
	}
	return strings.Join(parts, ", ")
}

// short is as much of a hash as people compare.
func short(hash string) string { return hash[:min(12, len(hash))] }
