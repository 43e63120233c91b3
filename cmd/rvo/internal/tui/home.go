package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"rvo.dev/engine/node"
)

// countLines is how many lines countBlock has.
const countLines = 12

// home is the first page: what is not ready, then detectors, signals and counts side by side, then the last events.
func (m *model) home(w, h int) []string {
	d := m.shown()
	if !d.have {
		return m.waiting()
	}
	out := append(m.refusedFile(w), m.reasons(w, min(4, h/5))...)
	// The last events have a third and what the rest does not need.
	room := h - len(out) - 2
	s := &d.state
	rows := min(room-max(3, room/3), 1+max(len(s.Detectors), len(s.Signals), countLines))
	out = append(out, m.columns(w, rows)...)
	out = append(out, "", heading("Last events"))
	return append(out, m.lastEvents(w, room-rows)...)
}

// waiting is what there is to see before the first state.
func (m *model) waiting() []string {
	out := []string{""}
	switch {
	case m.exited:
		out = append(out, "  "+paint(bad, m.g.bad)+" the run has ended; page 8 shows what it wrote")
	case m.problem != nil:
		out = append(out, "  "+paint(bad, m.g.bad)+" "+clean(m.problem.Error()))
	case m.proc != nil:
		out = append(out, "  starting the pipeline")
	default:
		out = append(out, "  connecting")
	}
	out = append(out, "")
	for _, l := range last(m.shown().lines.all(), 8) {
		out = append(out, "  "+paint(dim, l.text))
	}
	return out
}

// reasons says why the pipeline is not ready, in at most n lines.
func (m *model) reasons(w, n int) []string {
	rs := m.shown().state.Reasons
	var out []string
	for i, r := range rs {
		if i == n-1 && len(rs) > n {
			out = append(out, paint(dim, fmt.Sprintf("    and %s more; the pages say which", count(len(rs)-i, "node"))))
			break
		}
		out = append(out, fit("  "+m.g.mark(bad)+" "+paint(strong, clean(r.Node))+"  "+clean(r.Why), w, m.g))
	}
	if len(out) > 0 {
		out = append(out, "")
	}
	return out
}

// columns are detectors, signals and counts side by side, in wide terminals cameras too.
func (m *model) columns(w, h int) []string {
	blocks := []func(w, h int) []string{m.detectorBlock, m.signalBlock, m.countBlock}
	share := []int{38, 34, 28}
	if w >= 120 {
		blocks = append([]func(w, h int) []string{m.cameraBlock}, blocks...)
		share = []int{24, 30, 26, 20}
	}
	var cols []string
	left := w
	for i, b := range blocks {
		bw := w * share[i] / 100
		if i == len(blocks)-1 {
			bw = left
		}
		left -= bw
		text := b(bw-3, h)
		for j := range text {
			text[j] = "  " + fit(text[j], bw-3, m.g) + " "
		}
		cols = append(cols, strings.Join(text, "\n"))
	}
	return strings.Split(lipgloss.JoinHorizontal(lipgloss.Top, cols...), "\n")
}

// cut makes a block of a title and n lines, of which as many as fit in h are written.
func cut(title string, n, h int, page string, line func(i int) string) []string {
	if h <= 0 {
		return nil
	}
	out := []string{paint(strong, title)}
	for i := range n {
		if len(out) == h-1 && n-i > 1 {
			return append(out, paint(dim, strings.TrimSuffix(fmt.Sprintf("%d more: page %s", n-i, page), ": page ")))
		}
		if len(out) == h {
			return out
		}
		out = append(out, line(i))
	}
	return out
}

// worstFirst puts what is bad before what is worth a look before the rest: of a thousand cameras the one that is down is seen.
func worstFirst(ids []string, state func(id string) string) []string {
	rank := func(id string) int {
		switch stateTone(state(id)) {
		case bad:
			return 0
		case warn:
			return 1
		case plain, dim, strong, good, accent:
		}
		return 2
	}
	slices.SortStableFunc(ids, func(a, b string) int { return rank(a) - rank(b) })
	return ids
}

func (m *model) cameraBlock(w, h int) []string {
	d := m.shown()
	ids := worstFirst(sortedKeys(d.state.Cameras), func(id string) string { return d.state.Cameras[id].State })
	return cut(count(len(ids), "camera"), len(ids), h, "2", func(i int) string {
		id := ids[i]
		c := d.state.Cameras[id]
		tail := fmt.Sprintf(" %5.1f fps %6s", c.FPS, age(d.state.TimeMS, c.CapturedMS))
		if c.State != "up" {
			tail = " " + clean(c.State)
		}
		return m.g.mark(stateTone(c.State)) + " " + fit(clean(id), w-2-len(tail), m.g) + tail
	})
}

func (m *model) detectorBlock(w, h int) []string {
	d := m.shown()
	graph := max(0, min(30, w-24))
	ids := worstFirst(sortedKeys(d.state.Detectors), func(id string) string { return d.state.Detectors[id].Health })
	return cut(count(len(ids), "detector"), len(ids), h, "3", func(i int) string {
		id := ids[i]
		t := d.tracks["detector/"+id]
		rate, ok := t.now()
		tail := "     -"
		switch {
		case d.state.Detectors[id].Doing == "told": // from outside: it has no runs
			tail = "   told"
		case ok:
			tail = fmt.Sprintf(" %6s", rateText(rate))
		}
		if graph >= 5 && t != nil {
			tail = " " + t.graph(graph, 0, m.g) + tail
		}
		x := d.state.Detectors[id]
		return m.g.mark(stateTone(x.Health)) + " " + fit(clean(id), max(4, w-2-lipgloss.Width(tail)), m.g) + tail
	})
}

func (m *model) signalBlock(w, h int) []string {
	d := m.shown()
	ids := sortedKeys(d.state.Signals)
	return cut(count(len(ids), "signal"), len(ids), h, "4", func(i int) string {
		id := ids[i]
		s := d.state.Signals[id]
		text, sign := "-", m.g.mark(dim)
		if s.Fresh {
			text, sign = value(s.Value), m.g.mark(good)
		}
		vw := min(max(6, w/3), lipgloss.Width(text))
		return sign + " " + fit(clean(id), w-3-vw, m.g) + " " + fit(text, vw, m.g)
	})
}

// countBlock is the seed's counts, and what is dropped.
func (m *model) countBlock(w, h int) []string {
	d := m.shown()
	s := &d.state
	var runs, failed, skips, took, drops, clips, lostClips uint64
	up := 0
	for _, x := range s.Detectors {
		runs += x.Runs
		failed += x.Failed + x.Panics + x.Timeouts
		took += uint64(x.MeanMS * 1000 * float64(x.Runs))
		for _, n := range x.Skips {
			skips += n
		}
	}
	for _, c := range s.Cameras {
		drops += c.Dropped.Superseded + c.Dropped.NoBuffer + c.Dropped.Corrupt
		if c.State == "up" {
			up++
		}
	}
	for _, e := range s.Evidence {
		clips += e.Clips
		for _, n := range e.Dropped {
			lostClips += n
		}
	}
	mean := "-"
	if runs > 0 {
		mean = span(time.Duration(took/runs) * time.Microsecond)
	}
	ticks, _ := d.ticks.now()
	out := []string{}
	add := func(t tone, name, text string) {
		out = append(out, fit(name, w-len(text)-1, m.g)+" "+paint(t, text))
	}
	add(plain, "cameras up", fmt.Sprintf("%d/%d", up, len(s.Cameras)))
	add(ifAny(s.EventsTotal.Confirmed, accent), "events", number(s.EventsTotal.Confirmed))
	add(plain, "runs", number(runs))
	add(ifAny(failed, bad), "failed", number(failed))
	add(plain, "not started", number(skips))
	add(plain, "mean run", mean)
	add(ifAny(drops, warn), "frames dropped", number(drops))
	add(ifAny(lostClips, bad), "clips dropped", number(lostClips))
	add(plain, "clips", number(clips))
	add(plain, "ticks", number(s.Ticks))
	add(plain, "ticks a second", rateText(ticks))
	if s.Memory.Limit > 0 {
		add(plain, "pictures", bytesOf(uint64(max(0, s.Memory.Bytes)))+" of "+bytesOf(uint64(s.Memory.Limit)))
	} else {
		add(plain, "pictures", bytesOf(uint64(max(0, s.Memory.Bytes))))
	}
	return cut("Counts", len(out), h, "7", func(i int) string { return out[i] })
}

// lastEvents are the newest records, the newest first.
func (m *model) lastEvents(w, n int) []string {
	rs := m.shown().events.all()
	if len(rs) == 0 {
		return []string{paint(dim, "  none so far")}
	}
	var out []string
	for i := len(rs) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, fit("  "+m.recordLine(&rs[i]), w, m.g))
	}
	return out
}

// recordLine says of a record what happened in one line.
func (m *model) recordLine(r *node.Record) string {
	text := fmt.Sprintf("%s  %s %s", m.stamp(r.Time), fit(m.recordMark(r)+" "+clean(r.State), 11, m.g), clean(eventID(target{r.Event, r.Camera})))
	if r.Reason != "" {
		text += paint(dim, "  "+clean(r.Reason))
	}
	if r.Duration != "" {
		text += paint(dim, "  "+shortDuration(r.Duration))
	}
	return text
}

// recordMark tells what was confirmed from what has ended, and how bad it is by colour and, further on, in words.
func (m *model) recordMark(r *node.Record) string {
	if t := recordTone(r); t == bad {
		return paint(bad, m.g.warn)
	}
	return m.g.mark(recordTone(r))
}

func recordTone(r *node.Record) tone {
	switch {
	case r.State != "confirmed":
		return dim
	case r.Severity == "critical":
		return bad
	case r.Severity == "warning":
		return warn
	}
	return good
}

// last returns the last n of a list.
func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }
