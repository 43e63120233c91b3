package vet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// nearlyFull is the share of the slots above which waits grow fast and any longer run is an overload.
const nearlyFull = 0.8

func utilisationCheck() Check {
	return Check{
		Code: "RVO202", Name: "more work than slots", Built: true,
		Doc: `Runs take CPU slots (engine.cores): each detector, on each of its cameras, its rate times its cost times its ` +
			`threads. What is wanted beyond the slots does not run: critical detectors go first, then floors (minFps), then by ` +
			`priority; the message says which rates result. Detectors that wait for others take places of their own. Gates ` +
			`(when) are taken to be open. Lower rates, use fewer cameras or more cores. An error where nothing may give (load: ` +
			`"none", critical, behind decideWithin) and slots and costs are given; a warning otherwise; from four fifths on, ` +
			`information. Where the pipeline does not name cores, four are assumed, with --env those of this machine.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			for i := range p.load().Pools {
				p.utilisation(&p.load().Pools[i])
			}
		},
	}
}

func (p *Pass) utilisation(pool *analysis.Pool) {
	r := p.load()
	slots := "CPU slots"
	if pool.Name != "cpu" {
		slots = "places for runs that wait"
	}
	var first *analysis.Detector
	for i := range r.Detectors {
		if r.Detectors[i].Pool == pool.Name && first == nil {
			first = &r.Detectors[i]
		}
	}
	if first == nil {
		return
	}
	f := dsl.Finding{Path: "detectors." + first.ID + ".fps"}
	if pool.Name == "cpu" && p.Graph.Cores > 0 {
		f.Path = "engine.cores"
	}
	what := fmt.Sprintf("detectors want %.2f of %d %s (%s): %s", pool.Wanted, pool.Slots, slots, pool.Source, largest(r, pool.Name))
	switch {
	case pool.Overloaded:
		short, why := p.short(pool)
		f.Severity = dsl.Warning
		if why != "" && pool.Source != analysis.Assumed && first.Source != analysis.Assumed {
			f.Severity = dsl.Error
			short += why
		}
		f.Message = what + "; " + short
		f.Hint = fmt.Sprintf("lower rates by %.0f %%, or give it %d", 100*(1-float64(pool.Slots)/pool.Wanted), int(pool.Wanted/nearlyFull)+1)
		if pool.Wanted <= float64(pool.Slots) {
			f.Hint = "reserve fewer, or make fewer critical"
		}
	case pool.Wanted > nearlyFull*float64(pool.Slots):
		f.Severity = dsl.Info
		f.Message = what + "; little is left for runs that take longer"
		f.Hint = fmt.Sprintf("%d would leave a fifth", int(pool.Wanted/nearlyFull)+1)
	default:
		return
	}
	p.Report(f)
}

// short says which detectors of a pool do not get their rates, and why one of them cannot give way.
func (p *Pass) short(pool *analysis.Pool) (text, why string) {
	r, waiting := p.load(), awaited(p.Graph)
	var out []string
	for di := range p.Graph.Detectors {
		d := &p.Graph.Detectors[di]
		if (pool.Name == "cpu") == d.Kind.Contract.BlockingWith(d.Options) {
			continue
		}
		worst := -1
		for _, i := range d.Instances {
			x := &r.Instances[i]
			if x.Rate < 0.999*x.Wanted && (worst < 0 || x.Rate < r.Instances[worst].Rate) {
				worst = i
			}
		}
		if worst < 0 {
			continue
		}
		x := &r.Instances[worst]
		out = append(out, fmt.Sprintf("%s will run %s instead of %s", x.Name, perSecond(x.Rate), perSecond(x.Wanted)))
		if f := firm(d, &p.Graph.Instances[worst], waiting); f != "" && why == "" {
			why = fmt.Sprintf(", and %s cannot give way: %s", d.ID, f)
		}
	}
	if len(out) > 3 {
		out = append(out[:3], fmt.Sprintf("and %d more", len(out)-3))
	}
	return strings.Join(out, ", "), why
}

func blockingCheck() Check {
	return Check{
		Code: "RVO203", Name: "slots that long runs can hold", Built: true,
		Doc: `Runs are not interrupted. When as many runs as there are slots can be under way that last longer than the period of ` +
			`another detector, that one waits for the first to end and loses pictures. More cores keep one free, ` +
			`and with two or more so does priority: "critical": long runs then leave slots to it. A warning where the one that ` +
			`waits has the higher priority, information otherwise.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			longest := p.byCost()
			for di := range p.Graph.Detectors {
				d := &p.Graph.Detectors[di]
				for _, i := range d.Instances {
					if p.blocked(d, i, longest) {
						break
					}
				}
			}
		},
	}
}

// byCost lists the instances that take CPU slots, those with the longest runs first.
func (p *Pass) byCost() []int {
	var out []int
	for i := range p.Graph.Instances {
		if !p.Graph.Instances[i].Blocking {
			out = append(out, i)
		}
	}
	r := p.load()
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Compare(r.Instances[b].Cost.Value, r.Instances[a].Cost.Value)
	})
	return out
}

// blocked reports a detector that runs longer than its period can keep from every slot.
func (p *Pass) blocked(d *graph.Detector, i int, byCost []int) bool {
	r, in := p.load(), &p.Graph.Instances[i]
	if in.Blocking || p.overloaded(in) || r.Pools[0].Wanted == 0 {
		return false
	}
	period := p.between(in)
	if r.Instances[i].Cost.Value > period {
		return false // it does not keep its rate anyway
	}
	if in.Priority == graph.Critical && r.Pools[0].Slots > 1 {
		return false // slots are kept free of long runs for it
	}
	held, longest := 0, -1
	for _, j := range byCost {
		o := &p.Graph.Instances[j]
		if r.Instances[j].Cost.Value <= period {
			break
		}
		if j == i || upstream(p.Graph, j, i) {
			continue
		}
		held += o.Threads
		if longest < 0 || o.Priority < p.Graph.Instances[longest].Priority {
			longest = j
		}
	}
	if longest < 0 || held < r.Pools[0].Slots {
		return false
	}
	other := &p.Graph.Instances[longest]
	severity := dsl.Info
	if other.Priority < in.Priority {
		severity = dsl.Warning
	}
	by := &p.Graph.Detectors[other.Detector]
	cost := r.Instances[longest].Cost
	f := dsl.Finding{
		Severity: severity, Path: p.tuned(d, in, "fps"),
		Message: fmt.Sprintf("detector %s is due every %s, and runs of %s (%s, %s) can hold %s (%s): it waits for one to end and loses pictures",
			d.ID, short(period), by.ID, short(cost.Value), cost.Source, all(r.Pools[0].Slots), r.Pools[0].Source),
		Hint: fmt.Sprintf("engine: cores: %d leaves one free", held+1),
	}
	if r.Pools[0].Slots > 1 {
		f.Hint += `, and so does priority: "critical" for ` + d.ID
	}
	if by != d {
		f.Related = append(f.Related, p.related("detectors."+by.ID, "%s is here", by.ID))
	}
	p.Report(f)
	return true
}

// all names every slot.
func all(slots int) string {
	if slots == 1 {
		return "the one CPU slot"
	}
	return fmt.Sprintf("all %d CPU slots", slots)
}

// upstream reports whether instance j gives what instance i needs, directly or not: it has ended when i is due.
func upstream(g *graph.Graph, j, i int) bool {
	for _, up := range g.Instances[i].Producers {
		if up == j || upstream(g, j, up) {
			return true
		}
	}
	return false
}
