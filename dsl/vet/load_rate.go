package vet

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

func costCheck() Check {
	return Check{
		Code: "RVO201", Name: "run longer than its rate allows", Built: true,
		Doc: `A detector has one run at a time on each camera. When a run takes longer than the time from one to the next, the ` +
			`rate is not kept, however many CPU slots there are, and with load: "backoff" the pauses come on top. Lower fps, ` +
			`make the run cheaper, or let the rate move with load: "adaptive" and a minFps that can be kept. An error where ` +
			`nothing may give (load: "none", critical, behind decideWithin) and the cost is given; a warning otherwise.`,
		Run: func(p *Pass) {
			if p.Graph.Lockstep {
				return
			}
			waiting := awaited(p.Graph)
			for di := range p.Graph.Detectors {
				p.costOf(&p.Graph.Detectors[di], waiting)
			}
		},
	}
}

// costOf reports the camera on which a detector's run is longest for its rate.
func (p *Pass) costOf(d *graph.Detector, waiting map[string]string) {
	r := p.load()
	worst, ratio := -1, 1.0
	for _, i := range d.Instances {
		in := &p.Graph.Instances[i]
		cost := r.Instances[i].Cost
		if in.Blocking && in.Cost == 0 {
			continue // its timeout is no cost
		}
		if d.Load == graph.LoadAdaptive && cost.Value*5/4 <= in.Slowest {
			continue // its rate moves, as it was told
		}
		if x := cost.Value.Seconds() / p.between(in).Seconds(); x > ratio {
			worst, ratio = i, x
		}
	}
	if worst < 0 {
		return
	}
	in, found := &p.Graph.Instances[worst], &r.Instances[worst]
	f := dsl.Finding{
		Severity: dsl.Warning, Path: p.tuned(d, in, "fps"),
		Message: fmt.Sprintf("a run of detector %s takes %s (%s), and one is due every %s on camera %s: there will be %s",
			d.ID, short(found.Cost.Value), found.Cost.Source, short(p.between(in)), found.Camera, perSecond(found.Wanted)),
		Hint: fmt.Sprintf("fps: %.3g can be kept, and so can a cost below %s", rounded(1/found.Cost.Value.Seconds()), short(p.between(in))),
	}
	if why := firm(d, in, waiting); why != "" && found.Cost.Source != analysis.Assumed {
		f.Severity = dsl.Error
		f.Message += ", and " + why
	}
	if path := p.tuned(d, in, "cost"); p.Doc.Has(path) {
		f.Related = append(f.Related, p.related(path, "the cost"))
	}
	p.Report(f)
}

// rounded cuts a rate to what is written: down to two digits.
func rounded(rate float64) float64 {
	for step := 100.0; step > 1e-6; step /= 10 {
		if rate >= step {
			return float64(int(rate/(step/10))) * (step / 10)
		}
	}
	return rate
}

// between is the time from one run to the next that the rate, the camera and the producers of an instance ask for.
func (p *Pass) between(in *graph.Instance) time.Duration {
	d := in.Period
	if fps := p.Graph.Cameras[in.Camera].FPS; fps > 0 && !in.NoFrame {
		d = max(d, every(fps))
	}
	if len(in.Producers) > 0 {
		offers := 0.0
		for _, i := range in.Producers {
			offers += p.load().Instances[i].Wanted
		}
		d = max(d, every(offers))
	}
	return d
}

func slowerProducerCheck() Check {
	return Check{
		Code: "RVO204", Name: "detector that waits for a slower one", Built: true,
		Doc: `A detector with needs runs when one of its producers has a result, so never more often than they do. A higher fps ` +
			`of its own is not reached. Give it the producer's rate, or make the producer faster.`,
		Run: func(p *Pass) {
			r := p.load()
			for di := range p.Graph.Detectors {
				d := &p.Graph.Detectors[di]
				for _, i := range d.Instances {
					in := &p.Graph.Instances[i]
					offers, slowest := 0.0, -1
					for _, up := range in.Producers {
						offers += r.Instances[up].Wanted
						if slowest < 0 || r.Instances[up].Wanted < r.Instances[slowest].Wanted {
							slowest = up
						}
					}
					own := 1 / in.Period.Seconds()
					if fps := p.Graph.Cameras[in.Camera].FPS; fps > 0 {
						own = min(own, fps)
					}
					if slowest < 0 || offers >= own*0.99 {
						continue
					}
					up := &p.Graph.Detectors[p.Graph.Instances[slowest].Detector]
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: p.tuned(d, in, "fps"),
						Message: fmt.Sprintf("detector %s would run %.3g times a second, and what it needs comes %s: %s is slower",
							d.ID, 1/in.Period.Seconds(), perSecond(offers), up.ID),
						Related: []dsl.Related{p.related(p.tuned(up, &p.Graph.Instances[slowest], "fps"), "the rate of %s", up.ID)},
						Hint:    fmt.Sprintf("fps: %.3g is all that happens; or give %s more", rounded(offers), up.ID),
					})
					break
				}
			}
		},
	}
}
