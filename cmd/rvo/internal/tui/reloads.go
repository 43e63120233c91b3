package tui

import (
	"fmt"
	"strconv"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// reloads is the page of changes of the pipeline while it runs, the newest first.
func (m *model) reloads() list {
	d := m.shown()
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
	for i := len(d.state.Reloads) - 1; i >= 0; i-- {
		x := &d.state.Reloads[i]
		l.rows = append(l.rows, row{key: reloadKey(x), text: x.Result + " " + x.Revision + " " + x.By + " " + x.Node + " " + x.Error, cells: func() []string {
			tn := stateTone(x.Result)
			return []string{
				m.clockTime(x.TimeMS), m.g.mark(tn), paint(tn, result(x)), generation(x), short(x.Revision), clean(x.By), changes(x),
				costText(x.PrepareMS), costText(x.CommitMS), costText(x.TotalMS), blame(x),
			}
		}})
	}
	return l
}

func reloadKey(x *api.Reload) string { return fmt.Sprint(x.TimeMS, x.Revision) }

func result(x *api.Reload) string { return strings.ReplaceAll(clean(x.Result), "_", " ") }

// generation is that which a swap made; one that was refused made none.
func generation(x *api.Reload) string {
	if x.Generation == 0 {
		return "-"
	}
	return strconv.FormatUint(x.Generation, 10)
}

// changes counts nodes with the signs of rvo plan.
func changes(c *api.Reload) string {
	var parts []string
	for _, p := range []struct {
		sign string
		n    int
	}{{"~", c.Retuned}, {"-/+", c.Replaced}, {"+", c.Added}, {"-", c.Removed}} {
		if p.n > 0 {
			parts = append(parts, p.sign+strconv.Itoa(p.n))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, " ")
}

// blame says which node was at fault and why.
func blame(x *api.Reload) string {
	return strings.Trim(clean(x.Node)+": "+clean(x.Error), ": ")
}

// reload is all that is known of one change.
func (m *model) reload(r row, w int) []string {
	for i := range m.shown().state.Reloads {
		x := &m.shown().state.Reloads[i]
		if reloadKey(x) != r.key {
			continue
		}
		out := []string{
			"", heading("reload at " + m.clockTime(x.TimeMS)), "",
			field("result", m.g.mark(stateTone(x.Result))+" "+result(x)),
			field("asked by", clean(x.By)),
			field("generation", generation(x)), field("revision", clean(x.Revision)),
			field("nodes", fmt.Sprintf("%d kept, %d retuned, %d replaced, %d added, %d removed", x.Kept, x.Retuned, x.Replaced, x.Added, x.Removed)),
			field("made ready in", costText(x.PrepareMS)), field("switched in", costText(x.CommitMS)), field("all in", costText(x.TotalMS)),
		}
		if x.Step != "" {
			out = append(out, field("refused at", clean(x.Step)))
		}
		if text := blame(x); text != "" {
			out = append(out, wrapField("why", text, w)...)
		}
		return out
	}
	return []string{"", paint(dim, "  it is not kept any more")}
}
