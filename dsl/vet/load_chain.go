package vet

import (
	"fmt"

	"rvo.dev/dsl"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

func neededTTLCheck() Check {
	return Check{
		Code: "RVO205", Name: "needed signal that is stale when it is looked at", Built: true,
		Doc: `A detector runs only while what it needs is fresh. When a value can be older than its ttl by the time the detector ` +
			`has a slot, or by the time its other producers have theirs, it does not run then. The message gives the worst age, ` +
			`which follows from rates, costs and slots. Leave the ttl out, or raise it.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			r := p.load()
			seen := map[string]bool{}
			for i := range p.Graph.Instances {
				in := &p.Graph.Instances[i]
				d := &p.Graph.Detectors[in.Detector]
				for n, c := range in.Needs {
					cell := &p.Graph.Cells[c]
					key := d.ID + " " + cell.Signal
					if cell.Instance < 0 || seen[key] || p.overloaded(in) || p.overloaded(&p.Graph.Instances[cell.Instance]) {
						continue
					}
					age := r.Instances[cell.Instance].Age
					if len(in.Producers) == 1 {
						if !r.Instances[i].Wait.Bounded() || !r.Instances[cell.Instance].Response.Total.Bounded() {
							continue
						}
						age = r.Instances[cell.Instance].Response.Total + r.Instances[i].Wait
					}
					if !age.Bounded() || age <= analysis.Span(cell.TTL) {
						continue
					}
					seen[key] = true
					f := dsl.Finding{
						Severity: dsl.Warning, Path: fmt.Sprintf("detectors.%s.needs.%d", d.ID, n),
						Message: fmt.Sprintf("detector %s needs %s, which is fresh for %s and may be %s old (%s) when it could run: it does not run then",
							d.ID, cell.Signal, short(cell.TTL), short(age.Duration()), r.Instances[i].Latency.Source),
						Hint: fmt.Sprintf("a ttl of %s or more", short(age.Duration())),
					}
					if at := ttlPath(cell); p.Doc.Has(at) {
						f.Related = append(f.Related, p.related(at, "its ttl"))
					}
					p.Report(f)
				}
			}
		},
	}
}

// ttlPath is where a pipeline gives a signal its ttl.
func ttlPath(c *graph.Cell) string {
	return "detectors." + c.Detector + ".emits." + c.Signal[len(c.Detector)+1:] + ".ttl"
}

func chainCheck() Check {
	return Check{
		Code: "RVO207", Name: "chain slower than what decides on it", Built: true,
		Doc: `What a chain of detectors finds is as old as all its runs and waits together. When a value is older than its given ` +
			`ttl before the next one comes, it is unknown in between. Shorten the chain, raise its rates, lengthen the ttl or ` +
			`leave it out. An error where the costs along the chain alone, all of them given, exceed the ttl: the signal is ` +
			`never known.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			p.chainTTL()
		},
	}
}

// chainTTL compares the given ttls of chained detectors with how old their values become.
func (p *Pass) chainTTL() {
	r := p.load()
	seen := map[string]bool{}
	for i := range p.Graph.Instances {
		in := &p.Graph.Instances[i]
		if len(in.Producers) == 0 || p.overloaded(in) {
			continue
		}
		for _, c := range in.Outputs {
			cell := &p.Graph.Cells[c]
			at := ttlPath(cell)
			if seen[cell.Signal] || !p.Doc.Has(at) {
				continue
			}
			f := dsl.Finding{Severity: dsl.Warning, Path: at}
			before, given := p.upstream(in)
			before += in.Cost
			age := r.Instances[i].Age
			switch {
			case before > cell.TTL:
				given = given && p.costGiven(in)
				f.Severity = surely(given)
				f.Message = fmt.Sprintf("%s is fresh for %s, and the runs that lead to it take %s (%s): it is stale when it comes",
					cell.Signal, short(cell.TTL), short(before), source(given))
			case age.Bounded() && age > analysis.Span(cell.TTL):
				f.Message = fmt.Sprintf("%s is fresh for %s, and may be %s old before its next value (%s): it is unknown in between",
					cell.Signal, short(cell.TTL), short(age.Duration()), r.Instances[i].Latency.Source)
			default:
				continue
			}
			seen[cell.Signal] = true
			if age.Bounded() {
				f.Hint = fmt.Sprintf("a ttl of %s or more, or leave it out", short(age.Duration()))
			} else {
				f.Hint = "leave it out"
			}
			p.Report(f)
		}
	}
}

// lostPeriods is how many runs one lost answer may cost: from there on a timeout is a choice and not a precaution.
const lostPeriods = 10

func remoteTimeoutCheck() Check {
	return Check{
		Code: "RVO209", Name: "timeout that blinds a detector", Built: true,
		Doc: `A detector that waits for somebody else has one question out at a time on each camera. One answer that does not ` +
			`come costs every run until the timeout, and the default ttl is longer than the timeout, so that what was last said ` +
			`stays true for all that time. With a timeout of more than ten periods that is rarely meant. Give it a timeout of a ` +
			`few times what an answer takes.`,
		Run: func(p *Pass) {
			for di := range p.Graph.Detectors {
				d := &p.Graph.Detectors[di]
				for _, i := range d.Instances {
					in := &p.Graph.Instances[i]
					period := p.between(in)
					if !in.Blocking || in.Timeout <= lostPeriods*period {
						continue
					}
					at := p.tuned(d, in, "timeout")
					from := source(p.Doc.Has(at))
					if !p.Doc.Has(at) {
						at = "detectors." + d.ID
					}
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: at,
						Message: fmt.Sprintf("one answer that does not come costs detector %s its timeout of %s (%s): %.0f runs, one being due every %s",
							d.ID, short(in.Timeout), from, in.Timeout.Seconds()/period.Seconds(), short(period)),
						Hint: "a timeout of a few times what an answer takes, such as " + short(3*period),
					})
					break
				}
			}
		},
	}
}

func decideCheck() Check {
	return Check{
		Code: "RVO211", Name: "decision that may come too late", Built: true,
		Doc: `decideWithin is the longest that may pass from "true in front of the camera" to the confirmed event. The bound is ` +
			`made of the time to the next picture that is looked at, waits for slots, runs along needs and when, for and hold; ` +
			`the message lists the largest. Raise rates, shorten hold or costs, add cores, or allow more. An error where given ` +
			`and measured numbers alone exceed it; a warning where the excess rests on assumed ones.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			r := p.load()
			for ei := range p.Graph.Events {
				e := &p.Graph.Events[ei]
				if e.DecideWithin == 0 || len(e.Machines) == 0 {
					continue
				}
				worst := e.Machines[0]
				for _, mi := range e.Machines {
					if r.Events[mi].Latency.Total > r.Events[worst].Latency.Total {
						worst = mi
					}
				}
				p.decide(e, &r.Events[worst])
			}
		},
	}
}

func (p *Pass) decide(e *graph.Event, x *analysis.Event) {
	b := &x.Latency
	if b.Total.Bounded() && b.Total <= x.DecideWithin {
		return
	}
	f := dsl.Finding{Severity: dsl.Warning, Path: "events." + e.ID + ".decideWithin"}
	if !b.Total.Bounded() {
		f.Message = fmt.Sprintf("event %s is to be decided within %s, and nothing bounds how long it takes: %s", x.Name, short(e.DecideWithin), b.Why)
		f.Hint = "mend that (raise the ttl, the rate or the priority, or lower what takes the slots), or leave decideWithin out"
		if p.load().Pools[0].Source != analysis.Assumed && b.Source != analysis.Assumed {
			f.Severity = dsl.Error
		}
		p.Report(f)
		return
	}
	known := analysis.Span(0)
	for _, part := range b.Parts {
		if part.Source != analysis.Assumed {
			known += part.Span
		}
	}
	if known > x.DecideWithin {
		f.Severity = dsl.Error
	}
	f.Message = fmt.Sprintf("event %s is to be decided within %s and may take %s: %s", x.Name, short(e.DecideWithin), short(b.Total.Duration()), parts(b))
	f.Hint = fmt.Sprintf("allow %s, or take away from the largest", short(b.Total.Duration()))
	p.Report(f)
}
