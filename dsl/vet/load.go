package vet

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/analysis"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// AssumedCores is how many CPU slots a pipeline is judged by that does not say: those of a small machine at the edge.
const AssumedCores = 4

// load returns what follows from the graph for load and latency.
func (p *Pass) load() *analysis.Report {
	if p.report == nil {
		o := analysis.Options{Slots: p.Graph.Cores, SlotsSource: analysis.Given}
		switch {
		case o.Slots > 0:
		case p.env:
			o.Slots, o.SlotsSource = runtime.NumCPU(), analysis.Measured
		default:
			o.Slots, o.SlotsSource = AssumedCores, analysis.Assumed
		}
		p.report = analysis.Analyze(p.Graph, o)
	}
	return p.report
}

// pool returns the pool that an instance's runs take slots of.
func pool(r *analysis.Report, in *graph.Instance) *analysis.Pool {
	if in.Blocking {
		return &r.Pools[1]
	}
	return &r.Pools[0]
}

// overloaded reports whether slots do not suffice for what runs beside an instance: what is late then is late for that.
func (p *Pass) overloaded(in *graph.Instance) bool { return pool(p.load(), in).Overloaded }

// awaited returns the detectors that an event with decideWithin depends on, along needs and when, with that event.
func awaited(g *graph.Graph) map[string]string {
	out := map[string]string{}
	byID := map[string]*graph.Detector{}
	for i := range g.Detectors {
		byID[g.Detectors[i].ID] = &g.Detectors[i]
	}
	var add func(signal, event string)
	cond := func(c *event.Cond, id string) {
		if c == nil {
			return
		}
		for _, s := range c.Signals() {
			add(s.Signal, id)
		}
	}
	add = func(signal, id string) {
		d := byID[producer(signal)]
		if d == nil || out[d.ID] != "" {
			return
		}
		out[d.ID] = id
		for _, n := range d.Needs {
			add(n, id)
		}
		cond(d.When, id)
	}
	for i := range g.Events {
		if e := &g.Events[i]; e.DecideWithin > 0 {
			cond(e.When, e.ID)
		}
	}
	return out
}

// firm says why a detector on one camera cannot give way under load; empty when it can.
func firm(d *graph.Detector, in *graph.Instance, awaited map[string]string) string {
	switch {
	case in.Priority == graph.Critical:
		return "it is critical"
	case d.Load == graph.LoadNone:
		return `load is "none"`
	case awaited[d.ID] != "":
		return fmt.Sprintf("event %s has decideWithin", awaited[d.ID])
	}
	return ""
}

// largest lists the three largest loads of a pool.
func largest(r *analysis.Report, pool string) string {
	var parts []string
	for _, d := range r.Detectors {
		if d.Pool == pool && d.Wanted > 0 && len(parts) < 3 {
			parts = append(parts, fmt.Sprintf("%s %.2f (cost %s)", d.ID, d.Wanted, d.Source))
		}
	}
	return strings.Join(parts, ", ")
}

// parts writes what the time of a bound goes to, the longest first.
func parts(b *analysis.Bound) string {
	list := slices.Clone(b.Parts)
	slices.SortStableFunc(list, func(a, b analysis.Part) int { return int(b.Span - a.Span) })
	var out []string
	for _, x := range list {
		if len(out) == 5 {
			out = append(out, "…")
			break
		}
		at := ""
		if x.Node != "" && x.What != analysis.PartHold {
			at = " " + x.Node
		}
		out = append(out, fmt.Sprintf("%s%s %s (%s)", x.What, at, short(x.Span.Duration()), x.Source))
	}
	return strings.Join(out, ", ")
}

// perSecond writes a rate as people do.
func perSecond(rate float64) string {
	switch {
	case rate >= 10:
		return fmt.Sprintf("%.0f a second", rate)
	case rate >= 0.95:
		return fmt.Sprintf("%.1f a second", rate)
	case rate > 0:
		return "one every " + short(time.Duration(float64(time.Second)/rate))
	}
	return "none"
}
