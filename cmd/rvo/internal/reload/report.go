package reload

import (
	"log/slog"
	"time"

	"rvo.dev/dsl"
)

// maxLogged is how many findings of a rejected edit are logged; GET /api/v1/reloads has all.
const maxLogged = 10

// report logs an outcome: one line, and one for each finding that keeps an edit from running. Generation and revision are of what
// runs after it; what was read and does not run is named by itself.
func (r *Reloader) report(o *Outcome) {
	r.mu.Lock()
	runs := r.running.Graph.Revision
	r.mu.Unlock()
	attrs := []any{slog.String("trigger", string(o.Trigger)), slog.Uint64("generation", o.Generation), slog.String("revision", revision(runs))}
	if o.Revision != "" && o.Revision != runs {
		what := "rejected"
		if o.Result == RolledBack {
			what = "taken_back"
		}
		attrs = append(attrs, slog.String(what, revision(o.Revision)))
	}
	for _, t := range []struct {
		name string
		s    float64
	}{{"wait", o.Seconds.Wait}, {"read", o.Seconds.Read}, {"prepare", o.Seconds.Prepare}, {"commit", o.Seconds.Commit}, {"total", o.Seconds.Total}} {
		if t.s > 0 {
			attrs = append(attrs, slog.String(t.name, time.Duration(t.s*float64(time.Second)).Round(time.Microsecond).String()))
		}
	}
	count := func(name string, n int) {
		if n > 0 {
			attrs = append(attrs, slog.Int(name, n))
		}
	}
	message, say := "", r.log.Info
	switch o.Result {
	case Applied:
		message = "reloaded"
		if o.Error != "" { // it runs, and goes with the process
			say = r.log.Warn
		}
		for _, c := range []struct {
			name string
			n    int
		}{{"retuned", o.Counts.Retune}, {"replaced", o.Counts.Replace}, {"added", o.Counts.Add}, {"removed", o.Counts.Remove}} {
			count(c.name, c.n)
		}
		attrs = append(attrs, slog.Int("kept", o.Counts.Keep))
	case Unchanged:
		message = "reload: nothing changed"
	case Rejected:
		message, say = "edit rejected: the pipeline that runs goes on", r.log.Error
		errs := 0
		for i := range o.Findings {
			if o.Findings[i].Severity == dsl.Error {
				errs++
			}
		}
		count("errors", errs)
	case RolledBack:
		message, say = "edit rolled back: the pipeline before it runs again", r.log.Error
	case Superseded, Planned:
		return
	}
	if o.Error != "" {
		for _, a := range []slog.Attr{slog.String("node", o.Node), slog.String("step", o.Step), slog.String("err", o.Error)} {
			if a.Value.String() != "" {
				attrs = append(attrs, a)
			}
		}
	}
	if o.Written != "" {
		attrs = append(attrs, slog.String("written", o.Written))
	}
	say(message, attrs...)
	if o.Result != Rejected {
		return
	}
	n := 0
	for i := range o.Findings {
		f := &o.Findings[i]
		if f.Severity != dsl.Error {
			continue
		}
		if n++; n > maxLogged {
			break
		}
		said := []any{slog.String("code", f.Code), slog.String("at", f.Place.String())}
		if f.Hint != "" {
			said = append(said, slog.String("hint", f.Hint))
		}
		r.log.Error(f.Message, said...)
	}
}

// revision is as much of a revision as people compare.
func revision(hash string) string { return hash[:min(12, len(hash))] }
