package vet

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

func ttlCheck() Check {
	return Check{
		Code: "RVO200", Name: "signal that goes stale between two values",
		Doc: `A value is fresh for its ttl, counted from the picture it was found on. The next value comes a period later, ` +
			`at the lowest of the rates of the detector, its camera and what it needs, and one run after that. With a ttl ` +
			`below period + cost the signal is unknown in between, always: an error. Below twice the period + cost one lost ` +
			`picture is enough: a warning. Leave the ttl out for three periods and a cost, or raise it.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Detectors {
				d := &p.Spec.Detectors[i]
				k := p.contract(node.RoleDetector, d.Kind)
				if k == nil || !d.Enabled {
					continue
				}
				period, slowest := p.period(d)
				cost := costOf(d, k)
				for _, e := range p.emits(d) {
					ttl, path := e.TTL, "detectors."+d.ID+".fps"
					if given, ok := d.TTL[e.Name]; ok {
						ttl, path = given, "detectors."+d.ID+".emits."+e.Name+".ttl"
					}
					if ttl > 0 {
						p.ttl(d, e.Name, path, ttl, period, cost, slowest)
					}
				}
			}
		},
	}
}

// ttl reports one signal whose values go stale too soon.
func (p *Pass) ttl(d *graph.DetectorSpec, signal, path string, ttl, period, cost time.Duration, slowest string) {
	f := dsl.Finding{Path: path}
	switch {
	case ttl < period+cost:
		f.Message = fmt.Sprintf("%s.%s is fresh for %s, but a value comes every %s (given) and takes %s (%s): it is unknown in between",
			d.ID, signal, short(ttl), short(period), short(cost), p.costSource(d))
	case ttl < 2*period+cost:
		f.Severity = dsl.Warning
		f.Message = fmt.Sprintf("%s.%s is fresh for %s, with a value every %s (given) that takes %s (%s): one lost picture makes it unknown",
			d.ID, signal, short(ttl), short(period), short(cost), p.costSource(d))
	default:
		return
	}
	f.Hint = fmt.Sprintf("give it a ttl of %s or more, or leave it out", short(2*period+cost))
	if slowest != path {
		f.Related = append(f.Related, p.related(slowest, "the rate is from here"))
	}
	p.Report(f)
}

// costSource says where the cost of a detector's run comes from.
func (p *Pass) costSource(d *graph.DetectorSpec) string {
	k := p.contract(node.RoleDetector, d.Kind)
	switch {
	case k.Blocking && d.Timeout > 0:
		return "its timeout, given"
	case k.Blocking:
		return "the usual timeout, assumed"
	}
	return source(d.Cost > 0)
}

// period returns the longest time between two values of a detector on any of its cameras, and the path of the rate that
// decides it.
func (p *Pass) period(d *graph.DetectorSpec) (time.Duration, string) {
	longest, from := time.Duration(0), ""
	for _, c := range p.cameras(d.Cameras) {
		if q, at := p.periodOn(d, c, map[string]bool{}); q > longest && runsOn(d, c.ID) {
			longest, from = q, at
		}
	}
	if longest == 0 {
		return every(d.FPS), "detectors." + d.ID + ".fps"
	}
	return longest, from
}

// periodOn returns the time between two values of a detector on a camera: the longest of its own period, the camera's
// and those of the detectors whose signals it needs.
func (p *Pass) periodOn(d *graph.DetectorSpec, c *graph.CameraSpec, seen map[string]bool) (time.Duration, string) {
	at, _ := d.At(c.ID)
	longest, from := every(at.FPS), "detectors."+d.ID+".fps"
	if d.On[c.ID].FPS != nil {
		from = "detectors." + d.ID + ".on." + c.ID + ".fps"
	}
	if k := p.contract(node.RoleDetector, d.Kind); k != nil && !k.NoFrame && every(c.FPS) > longest {
		longest, from = every(c.FPS), "cameras."+c.ID+".fps"
	}
	seen[d.ID] = true
	for _, n := range d.Needs {
		up := p.detector(producer(n))
		if up == nil || seen[up.ID] {
			continue
		}
		if q, at := p.periodOn(up, c, seen); q > longest {
			longest, from = q, at
		}
	}
	return longest, from
}

// costOf returns how long a run is taken to last: what the pipeline says, else what the kind says; for a detector that
// waits for somebody else, its timeout.
func costOf(d *graph.DetectorSpec, k *node.Contract) time.Duration {
	switch {
	case k.Blocking && d.Timeout > 0:
		return d.Timeout
	case k.Blocking:
		return graph.DefaultTimeout
	case d.Cost > 0:
		return d.Cost
	case k.CostOf != nil:
		return k.CostOf(d.Options)
	}
	return k.Cost
}
