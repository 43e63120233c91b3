package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// signals is the page of all signals.
func (m *model) signals() list {
	d := m.shown()
	l := list{empty: "the pipeline has no signal", columns: []column{
		{title: "", width: 1},
		{title: "signal", width: 18, grow: true},
		{title: "type", width: 5, drop: 3},
		{title: "value", width: 16, grow: true},
		{title: "last minute", width: 12, drop: 1},
		{title: "age", width: 6, right: true},
		{title: "ttl", width: 6, right: true, drop: 2},
		{title: "", width: 5},
	}}
	for _, id := range sortedKeys(d.state.Signals) {
		s := d.state.Signals[id]
		spark := ""
		if t := d.tracks["signal/"+id]; t != nil {
			spark = t.graph(12, 0, m.g)
		}
		state, tn := freshness(s)
		l.rows = append(l.rows, row{key: id, text: id + " " + s.Type + " " + value(s.Value) + " " + state, cells: func() []string {
			return []string{
				m.g.mark(tn), clean(id), clean(s.Type), value(s.Value), spark, age(d.state.TimeMS, s.CapturedMS), ttlText(s.TTLMS), paint(tn, state),
			}
		}})
	}
	return l
}

// freshness says whether a value may decide.
func freshness(s *api.Signal) (string, tone) {
	switch {
	case s.Fresh:
		return "fresh", good
	case s.CapturedMS == 0:
		return "never", dim
	}
	return "stale", warn
}

// signalLine is a signal in one line of a detail.
func (m *model) signalLine(id string, s *api.Signal) string {
	state, tn := freshness(s)
	return fmt.Sprintf("%s %s %s  %s, %s", m.g.mark(tn), fit(clean(id), 26, m.g), value(s.Value), state, age(m.shown().state.TimeMS, s.CapturedMS))
}

// signal is all that is known of a signal.
func (m *model) signal(r row, w int) []string {
	d := m.shown()
	s := d.state.Signals[r.key]
	if s == nil {
		return []string{"", paint(dim, "  it is gone")}
	}
	state, tn := freshness(s)
	out := []string{
		"", heading("signal " + clean(r.key)), "",
		field("value", value(s.Value)),
		field("type", clean(s.Type)),
		field("state", m.g.mark(tn)+" "+state),
		field("age", fmt.Sprintf("%s; it may decide for %s", age(d.state.TimeMS, s.CapturedMS), ttlText(s.TTLMS))),
		field("frame", strconv.FormatUint(s.Frame, 10)),
	}
	if t := d.tracks["signal/"+r.key]; t != nil {
		out = append(out, field("last minute", t.graph(min(60, w-36), 0, m.g)+fmt.Sprintf("  top %.4g", t.top())))
	}
	if bs, ok := s.Value.([]any); ok && len(bs) > 0 {
		out = append(out, "", heading("Boxes"), paint(dim, "    label            score      x      y  width height"))
		for _, b := range bs {
			x, ok := b.(map[string]any)
			if !ok {
				continue
			}
			out = append(out, fmt.Sprintf("    %s %6.2f %6.3f %6.3f %6.3f %6.3f", fit(value(x["label"]), 15, m.g),
				part(x, "score"), part(x, "x"), part(x, "y"), part(x, "w"), part(x, "h")))
		}
	}
	return out
}

func part(m map[string]any, name string) float64 {
	v, _ := m[name].(float64)
	return v
}

// wrapField is field with a text of several lines.
func wrapField(name, text string, w int) []string {
	var out []string
	for i, l := range strings.Split(ansi.Wrap(text, max(20, w-22), ""), "\n") {
		if i > 0 {
			name = ""
		}
		out = append(out, field(name, l))
	}
	return out
}
