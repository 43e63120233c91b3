package tui

import (
	"fmt"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// detectors is the page of all detectors, one line for each camera they look at.
func (m *model) detectors() list {
	d := m.shown()
	l := list{empty: "the pipeline has no detector", columns: []column{
		{title: "", width: 1},
		{title: "detector", width: 16, grow: true},
		{title: "health", width: 8, drop: 6},
		{title: "a second", width: 8, right: true},
		{title: "asked", width: 5, right: true, drop: 4},
		{title: "last minute", width: 12},
		{title: "cost", width: 6, right: true},
		{title: "declared", width: 8, right: true, drop: 5},
		{title: "runs", width: 7, right: true, drop: 7},
		{title: "failed", width: 6, right: true},
		{title: "skipped", width: 7, right: true, drop: 8},
		{title: "most by", width: 10, drop: 3},
		{title: "now", width: 16, grow: true, drop: 2},
	}}
	for _, id := range sortedKeys(d.state.Detectors) {
		x := d.state.Detectors[id]
		t := d.tracks["detector/"+id]
		rate, spark := "-", ""
		if v, ok := t.now(); ok {
			rate, spark = rateText(v), t.graph(12, max(x.FPS, t.top()), m.g)
		}
		most := ""
		if cs := causes(x.Skips); len(cs) > 0 {
			most = cs[0].name
		}
		failed := x.Failed + x.Panics + x.Timeouts
		l.rows = append(l.rows, row{key: id, text: id + " " + x.Health + " " + x.Error + " " + x.Cause + " " + x.Doing, cells: func() []string {
			return []string{
				m.g.mark(stateTone(x.Health)), clean(id), paint(stateTone(x.Health), clean(x.Health)), rate, fmt.Sprintf("%.4g", x.FPS), spark,
				paint(over(x), costText(x.CostMS)), costText(x.DeclaredMS), number(x.Runs), paint(ifAny(failed, bad), number(failed)),
				number(skipped(x)), most, doing(x),
			}
		}})
	}
	return l
}

// over tells a cost that is more than was declared.
func over(x *api.Detector) tone {
	if x.DeclaredMS > 0 && x.CostMS > 1.2*x.DeclaredMS {
		return warn
	}
	return plain
}

func ifAny(n uint64, t tone) tone {
	if n == 0 {
		return plain
	}
	return t
}

func skipped(x *api.Detector) uint64 {
	var n uint64
	for _, k := range x.Skips {
		n += k
	}
	return n
}

// doing says what a detector does now, or what keeps it.
func doing(x *api.Detector) string {
	text := clean(x.Doing)
	switch {
	case x.Doing == "hindered" && x.Cause == "rate":
		text = "waiting, rate" // for its next slot: nothing is wrong
	case x.Doing == "hindered":
		text = "kept by " + clean(x.Cause)
	}
	if x.Missing != "" {
		text += " (" + clean(x.Missing) + " is not fresh)"
	}
	return text
}

// detector is all that is known of a detector on a camera.
func (m *model) detector(r row, w int) []string {
	d := m.shown()
	x := d.state.Detectors[r.key]
	if x == nil {
		return []string{"", paint(dim, "  it is gone")}
	}
	out := []string{"", heading("detector " + clean(r.key)), "", field("health", m.g.mark(stateTone(x.Health))+" "+clean(x.Health))}
	if x.Error != "" {
		out = append(out, wrapField("why", clean(x.Error), w)...)
	}
	now := doing(x)
	if x.SinceMS > 0 {
		now += " for " + age(d.state.TimeMS, x.SinceMS)
	}
	if x.UntilMS > d.state.TimeMS {
		now += ", until in " + age(x.UntilMS, d.state.TimeMS)
	}
	out = append(out, field("now", now))
	t := d.tracks["detector/"+r.key]
	if v, ok := t.now(); ok {
		out = append(out,
			field("a second", fmt.Sprintf("%s of %.4g asked for, %.4g allowed now", rateText(v), x.FPS, x.FPSLimit)),
			field("last minute", t.graph(min(60, w-36), max(x.FPS, t.top()), m.g)+"  top "+rateText(t.top())))
	}
	out = append(out,
		field("cost", fmt.Sprintf("%s learned, %s declared, %s on average", costText(x.CostMS), costText(x.DeclaredMS), costText(x.MeanMS))),
		field("timeout", costText(x.TimeoutMS)),
		field("priority", fmt.Sprintf("%s, %s", clean(x.Priority), count(x.Threads, "thread"))),
		field("runs", fmt.Sprintf("%s: %s good, %s failed, %s panicked, %s timed out", number(x.Runs), number(x.OK), number(x.Failed), number(x.Panics), number(x.Timeouts))),
	)
	if x.FPS > 0 && x.CostMS > 0 {
		share := 100 * x.CostMS * x.FPSLimit / 1000 * float64(max(1, x.Threads))
		out = append(out, field("budget", fmt.Sprintf("%.0f%% of a core at the rate allowed now", share)))
	}
	if x.Restarts > 0 {
		out = append(out, field("own process", fmt.Sprintf("started again %d times", x.Restarts)))
	}
	out = append(out, "", heading(fmt.Sprintf("Of %s pictures offered: runs %s, not started %s", number(x.Offers), number(x.Runs), number(skipped(x)))))
	out = append(out, m.bars(causes(x.Skips), w)...)
	out = append(out, "", heading("Signals"))
	for _, id := range sortedKeys(d.state.Signals) {
		s := d.state.Signals[id]
		if s.Camera == x.Camera && len(s.Signal) > len(x.Detector) && s.Signal[:len(x.Detector)+1] == x.Detector+"." {
			out = append(out, "    "+m.signalLine(id, s))
		}
	}
	return out
}
