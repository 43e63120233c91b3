package tui

import (
	"fmt"
	"math"
	"strings"
)

// load is the page of what does not fit: runs not started and pictures dropped by cause, and every queue.
func (m *model) load(w, _ int) []string {
	d := m.shown()
	if !d.have {
		return m.waiting()
	}
	skips, drops, clips := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for _, x := range d.state.Detectors {
		for k, n := range x.Skips {
			skips[k] += n
		}
	}
	for _, c := range d.state.Cameras {
		for _, k := range dropCauses(c) {
			drops[k.name] += k.n
		}
	}
	for _, e := range d.state.Evidence {
		for k, n := range e.Dropped {
			clips["dropped: "+k] += n
		}
		for k, n := range e.Short {
			clips["short: "+k] += n
		}
	}
	var out []string
	part := func(title string, counts map[string]uint64) {
		out = append(out, heading(title))
		if bars := m.bars(causes(counts), w); len(bars) > 0 {
			out = append(out, bars...)
		} else {
			out = append(out, paint(dim, "    none"))
		}
		out = append(out, "")
	}
	part("Runs not started, by cause", skips)
	part("Pictures dropped, by cause", drops)
	part("Clips dropped or shorter than asked", clips)
	out = append(out, heading("Queues"))
	out = append(out, m.queues(w)...)
	out = append(out, "", heading("Sinks"))
	out = append(out, m.sinks(w)...)
	out = append(out, "", heading("Evidence"))
	for _, id := range sortedKeys(d.state.Evidence) {
		e := d.state.Evidence[id]
		out = append(out, fit(fmt.Sprintf("    %s %s  %s clips, %d pending, %s  %s%s", m.g.mark(errorTone(e.Error)), fit(clean(id), 14, m.g), number(e.Clips),
			e.Pending, bytesOf(e.Bytes), clean(e.Dir), because(e.Error)), w, m.g))
	}
	c := d.state.Clients
	return append(out, "", heading("Who looks on"), fmt.Sprintf("    %d read the stream, %d watch pictures; %s messages not sent to slow ones", c.Subscribers, c.Watchers, number(c.Dropped)))
}

func (m *model) queues(w int) []string {
	var out []string
	cols := []column{
		{title: "queue", width: 20, grow: true},
		{title: "now", width: 7, right: true},
		{title: "room", width: 7, right: true},
		{title: "", width: 10},
		{title: "dropped", width: 7, right: true},
		{title: "when full", width: 13},
	}
	widths := layout(cols, w-4)
	out = append(out, "    "+head(cols, widths, w-4, m.g))
	qs := m.shown().state.Queues
	for _, id := range sortedKeys(qs) {
		q := qs[id]
		full := 0.0
		if q.Capacity > 0 {
			full = float64(q.Depth) / float64(q.Capacity)
		}
		tn := plain
		if full >= 0.8 || q.Dropped > 0 {
			tn = warn
		}
		bar := strings.Repeat(m.g.bar, int(math.Ceil(min(max(full, 0), 1)*10)))
		out = append(out, "    "+line(cols, widths, []string{
			clean(id), number(q.Depth), number(q.Capacity), paint(tn, bar), paint(ifAny(q.Dropped, warn), number(q.Dropped)), clean(q.Policy),
		}, w-4, m.g))
	}
	return out
}

func (m *model) sinks(w int) []string {
	var out []string
	ss := m.shown().state.Sinks
	for _, id := range sortedKeys(ss) {
		s := ss[id]
		out = append(out, fit(fmt.Sprintf("    %s %s  %s written, %s waiting, %s tried again, %s dropped%s", m.g.mark(errorTone(s.Error)), fit(clean(id), 14, m.g),
			number(s.Written), number(s.Waiting), number(s.Retried), number(s.Dropped), because(s.Error)), w, m.g))
	}
	if len(out) == 0 {
		return []string{paint(dim, "    none")}
	}
	return out
}

func errorTone(err string) tone {
	if err == "" {
		return good
	}
	return bad
}

func because(err string) string {
	if err == "" {
		return ""
	}
	return "  " + paint(bad, clean(err))
}
