package tui

import (
	"fmt"
	"strconv"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// reloads is the page of changes of the pipeline while it runs, the newest first.
func (m *model) reloads() list {
	l := list{empty: "the pipeline was not changed since it was started", columns: []column{
		{title: "time", width: 8},
		{title: "", width: 1},
		{title: "result", width: 11},
		{title: "gen", width: 4, right: true},
		{title: "revision", width: 12, drop: 4},
		{title: "by", width: 6, drop: 3},
		{title: "changes", width: 10},
		{title: "made ready", width: 10, right: true, drop: 2},
		{title: "switched", width: 8, right: true},
		{title: "all", width: 6, right: true, drop: 5},
		{title: "why", width: 16, grow: true},
	}}
	all := m.attempts()
	for i := range all {
		x := &all[i]
		l.rows = append(l.rows, row{key: attemptKey(x), text: x.Result + " " + x.Revision + " " + x.Trigger + " " + x.why(), cells: func() []string {
			result, tn := m.fate(x)
			return []string{
				x.At.In(m.zone).Format("15:04:05"), m.g.mark(tn), paint(tn, result), generation(x), short(x.Revision), clean(x.Trigger), changes(x),
				costText(1e3 * x.Seconds.Prepare), costText(1e3 * x.Seconds.Commit), costText(1e3 * x.Seconds.Total), x.why(),
			}
		}})
	}
	return l
}

// attempts returns the reloads, the newest first: what the server says of attempts, else the swaps of its state.
func (m *model) attempts() []attempt {
	d := m.shown()
	if len(d.tried.Reloads) > 0 {
		return d.tried.Reloads
	}
	var out []attempt
	for i := len(d.state.Reloads) - 1; i >= 0; i-- {
		x := &d.state.Reloads[i]
		a := attempt{Result: x.Result, Trigger: x.By, At: moment(x.TimeMS), Generation: x.Generation, Revision: x.Revision, Error: x.Error, Node: x.Node, Step: x.Step}
		a.Counts.Keep, a.Counts.Retune, a.Counts.Replace, a.Counts.Add, a.Counts.Remove = x.Kept, x.Retuned, x.Replaced, x.Added, x.Removed
		a.Seconds.Prepare, a.Seconds.Commit, a.Seconds.Total = x.PrepareMS/1e3, x.CommitMS/1e3, x.TotalMS/1e3
		out = append(out, a)
	}
	return out
}

func attemptKey(x *attempt) string {
	return strconv.FormatInt(x.At.UnixNano(), 10) + x.Result + x.Revision
}

// fate says what became of an attempt: one that was applied is on probation, kept or rolled back.
func (m *model) fate(x *attempt) (string, tone) {
	result := x.Result
	if s := m.swap(x); s != nil && result == "applied" {
		result = s.Result
	}
	result = strings.ReplaceAll(clean(result), "_", " ")
	return result, stateTone(result)
}

// swap returns what the engine says of the swap that an attempt led to.
func (m *model) swap(x *attempt) *api.Reload {
	rs := m.shown().state.Reloads
	for i := range rs {
		if rs[i].Generation == x.Generation && rs[i].Revision == x.Revision && x.Revision != "" {
			return &rs[i]
		}
	}
	return nil
}

// generation is that which a swap made; one that was refused made none.
func generation(x *attempt) string {
	if x.Generation == 0 || x.Result == "rejected" {
		return "-"
	}
	return strconv.FormatUint(x.Generation, 10)
}

// changes counts nodes with the signs of rvo plan.
func changes(x *attempt) string {
	var parts []string
	for _, p := range []struct {
		sign string
		n    int
	}{{"~", x.Counts.Retune}, {"-/+", x.Counts.Replace}, {"+", x.Counts.Add}, {"-", x.Counts.Remove}} {
		if p.n > 0 {
			parts = append(parts, p.sign+strconv.Itoa(p.n))
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, " ")
}

// reload is all that is known of one change.
func (m *model) reload(r row, w int) []string {
	all := m.attempts()
	for i := range all {
		if x := &all[i]; attemptKey(x) == r.key {
			return m.attempt(x, w)
		}
	}
	return []string{"", paint(dim, "  it is not kept any more")}
}

func (m *model) attempt(x *attempt, w int) []string {
	result, tn := m.fate(x)
	c := &x.Counts
	out := []string{
		"", heading("reload at " + x.At.In(m.zone).Format("15:04:05")), "",
		field("result", m.g.mark(tn)+" "+result),
		field("asked by", clean(x.Trigger)),
		field("generation", generation(x)), field("revision", clean(x.Revision)),
		field("nodes", fmt.Sprintf("%d kept, %d retuned, %d replaced, %d added, %d removed", c.Keep, c.Retune, c.Replace, c.Add, c.Remove)),
		field("made ready in", costText(1e3*x.Seconds.Prepare)), field("switched in", costText(1e3*x.Seconds.Commit)), field("all in", costText(1e3*x.Seconds.Total)),
	}
	if x.Step != "" {
		out = append(out, field("refused at", clean(x.Step)))
	}
	why, node := x.Error, x.Node
	if s := m.swap(x); s != nil && why == "" {
		why, node = s.Error, s.Node
	}
	if node != "" {
		out = append(out, field("node", clean(node)))
	}
	if why != "" {
		out = append(out, wrapField("why", clean(why), w)...)
	}
	if len(x.Findings) > 0 {
		out = append(out, "", heading("What vet found"))
	}
	for i := range x.Findings {
		f := &x.Findings[i]
		sign := m.g.mark(warn)
		if f.Severity == "error" {
			sign = m.g.mark(bad)
		}
		out = append(out, "    "+sign+" "+f.place(), "      "+clean(f.Message)+" ["+clean(f.Code)+"]")
		if f.Hint != "" {
			out = append(out, paint(dim, "      "+clean(f.Hint)))
		}
	}
	return out
}
