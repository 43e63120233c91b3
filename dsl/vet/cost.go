package vet

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
)

func unknownCostCheck() Check {
	return Check{
		Code: "RVO208", Name: "cost that nobody knows", Built: true,
		Doc: `Neither the pipeline nor the kind says how long a run takes: whether the machine suffices cannot be said, and the ` +
			`default ttl has no room for the run. rvo bench measures it; write it as cost.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				d := &p.Graph.Detectors[i]
				unknown := len(d.Instances) > 0
				for _, i := range d.Instances {
					in := &p.Graph.Instances[i]
					unknown = unknown && in.Cost == 0 && !in.Blocking && !in.NoFrame
				}
				if unknown {
					p.Report(dsl.Finding{
						Severity: dsl.Info, Path: "detectors." + d.ID, Place: p.Doc.Place("detectors." + d.ID),
						Message: fmt.Sprintf("how long a run of detector %s takes is not known", d.ID),
						Hint:    "measure it and say so, such as cost: \"20ms\"",
					})
				}
			}
		},
	}
}

func staleFrameCheck() Check {
	return Check{
		Code: "RVO212", Name: "age that no picture meets", Built: true,
		Doc: `A detector with needs looks at the picture that its inputs were found on, which is as old as the runs before it ` +
			`took. With a maxAge below that it never runs. An error where the costs are given, a warning where one is what the ` +
			`kind assumes.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Instances {
				in := &p.Graph.Instances[i]
				if in.MaxAge == 0 || len(in.Producers) == 0 {
					continue
				}
				before, given := p.upstream(in)
				if before <= in.MaxAge {
					continue
				}
				d := &p.Graph.Detectors[in.Detector]
				p.Report(dsl.Finding{
					Severity: surely(given), Path: p.tuned(d, in, "maxAge"),
					Message: fmt.Sprintf("detector %s looks at pictures of up to %s, and what it needs takes %s (%s): it never runs",
						d.ID, short(in.MaxAge), short(before), source(given)),
					Hint: fmt.Sprintf("more than %s, or leave it out", short(before)),
				})
			}
		},
	}
}

// upstream returns how old a picture is at least when an instance gets it from its producers, and whether every cost in it
// is given.
func (p *Pass) upstream(in *graph.Instance) (time.Duration, bool) {
	longest, given := time.Duration(0), true
	for _, up := range in.Producers {
		u := &p.Graph.Instances[up]
		before, g := p.upstream(u)
		if u.Blocking && u.Cost == 0 {
			g = false
		}
		if before += u.Cost; before > longest {
			longest, given = before, g && p.costGiven(u)
		}
	}
	return longest, given
}

func timeoutCheck() Check {
	return Check{
		Code: "RVO213", Name: "timeout below the cost", Built: true,
		Doc: `A run longer than its timeout is abandoned and counts as a failure. With a timeout below the expected cost every ` +
			`run is. An error where the cost is given, a warning where it is what the kind assumes.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Instances {
				in := &p.Graph.Instances[i]
				if in.Cost <= in.Timeout {
					continue
				}
				d := &p.Graph.Detectors[in.Detector]
				given := p.costGiven(in)
				p.Report(dsl.Finding{
					Severity: surely(given), Path: p.tuned(d, in, "timeout"),
					Message: fmt.Sprintf("a run of detector %s is abandoned after %s, and takes %s (%s): every run fails",
						d.ID, short(in.Timeout), short(in.Cost), source(given)),
					Hint: "a timeout of several runs, such as " + short(5*in.Cost),
				})
			}
		},
	}
}

// costGiven reports whether the pipeline itself says what a run of an instance costs.
func (p *Pass) costGiven(in *graph.Instance) bool {
	d := &p.Graph.Detectors[in.Detector]
	return p.Doc.Has(p.tuned(d, in, "cost"))
}

// tuned returns the path of a field as it holds on an instance's camera: what on says, else what the detector says.
func (p *Pass) tuned(d *graph.Detector, in *graph.Instance, field string) string {
	if at := "detectors." + d.ID + ".on." + p.Graph.Cameras[in.Camera].ID + "." + field; p.Doc.Has(at) {
		return at
	}
	return "detectors." + d.ID + "." + field
}

// surely is the severity of what follows from given numbers alone, or from assumed ones too.
func surely(given bool) dsl.Severity {
	if given {
		return dsl.Error
	}
	return dsl.Warning
}

// source says where a number comes from.
func source(given bool) string {
	if given {
		return "given"
	}
	return "assumed"
}
