package tui

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// log is the page of what the program wrote, the newest last.
func (m *model) log() list {
	r := &m.shown().lines
	l := list{empty: "nothing was written since this view began", columns: []column{
		{title: "time", width: 8}, {title: "level", width: 5}, {title: "message", width: 20, grow: true},
	}}
	all := r.all()
	first := r.total - len(all)
	for i, x := range all {
		at := ""
		if !x.at.IsZero() {
			at = x.at.In(m.zone).Format("15:04:05")
		}
		l.rows = append(l.rows, row{key: strconv.Itoa(first + i), text: x.level + " " + x.text, cells: func() []string {
			return []string{
				paint(dim, at), paint(levelTone(x.level), x.level), x.text,
			}
		}})
	}
	return l
}

func levelTone(level string) tone {
	switch level {
	case "ERROR":
		return bad
	case "WARN":
		return warn
	}
	return dim
}

// logText is a line of the log in full.
func (m *model) logText(r row, w int) []string {
	cells := r.cells()
	out := []string{"", heading(strings.TrimSpace(ansi.Strip(cells[0] + " " + cells[1]))), ""}
	for l := range strings.SplitSeq(ansi.Wrap(cells[2], max(20, w-4), ""), "\n") {
		out = append(out, "  "+l)
	}
	return out
}
