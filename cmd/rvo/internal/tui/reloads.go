package tui

import (
	"fmt"
	"slices"
	"strconv"

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
		{title: "revision", width: 12, drop: 3},
		{title: "changes", width: 7, right: true},
		{title: "made ready", width: 10, right: true, drop: 2},
		{title: "switched", width: 8, right: true},
		{title: "all", width: 6, right: true, drop: 4},
		{title: "why", width: 16, grow: true},
	}}
	for _, x := range slices.Backward(d.state.Reloads) {
		l.rows = append(l.rows, row{key: reloadKey(&x), text: x.Result + " " + x.Revision + " " + x.Error, cells: func() []string {
			return []string{
				m.clockTime(x.TimeMS), m.g.mark(stateTone(x.Result)), paint(stateTone(x.Result), clean(x.Result)), strconv.FormatUint(x.Generation, 10), short(x.Revision),
				strconv.Itoa(x.Changes), costText(x.PrepareMS), costText(x.CommitMS), costText(x.TotalMS), clean(x.Error),
			}
		}})
	}
	return l
}

func reloadKey(x *api.Reload) string { return fmt.Sprint(x.TimeMS, x.Revision) }

// reload is all that is known of one change.
func (m *model) reload(r row, w int) []string {
	for _, x := range m.shown().state.Reloads {
		if reloadKey(&x) != r.key {
			continue
		}
		out := []string{
			"", heading("reload at " + m.clockTime(x.TimeMS)), "",
			field("result", m.g.mark(stateTone(x.Result))+" "+clean(x.Result)),
			field("generation", strconv.FormatUint(x.Generation, 10)), field("revision", clean(x.Revision)),
			field("nodes changed", strconv.Itoa(x.Changes)),
			field("made ready in", costText(x.PrepareMS)), field("switched in", costText(x.CommitMS)), field("all in", costText(x.TotalMS)),
		}
		if x.Error != "" {
			out = append(out, wrapField("why", clean(x.Error), w)...)
		}
		return out
	}
	return []string{"", paint(dim, "  it is not kept any more")}
}
