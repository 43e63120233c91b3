package vet

import (
	"fmt"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
)

func idleSettingCheck() Check {
	return Check{
		Code: "RVO214", Name: "setting without an effect", Built: true, Whole: true,
		Doc: `The field says something that nothing asks for here: a cost class where no pause follows an overrun, a frame ` +
			`policy for a detector that looks at no picture, CPU slots for one that takes none, a loop of a source that has no ` +
			`end, updates of an event that is over before the first. Take it away, or change what keeps it from having an effect.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				p.idleDetector(&p.Graph.Detectors[i])
			}
			for i := range p.Graph.Cameras {
				c := &p.Graph.Cameras[i]
				if c.Loop && c.Kind.Contract.Live {
					p.idle("cameras."+c.ID+".loop", "%s goes on by itself: it has no end after which it could begin again", c.CameraSpec.Kind)
				}
			}
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				if e.HasMax && e.Updates > 0 && e.Updates >= e.MaxDuration {
					p.idle("events."+e.ID+".updates", "event %s ends after %s, before its first update after %s", e.ID, short(e.MaxDuration), short(e.Updates))
				}
			}
		},
	}
}

// idleDetector reports the settings of a detector that have no effect.
func (p *Pass) idleDetector(d *graph.Detector) {
	path, k := "detectors."+d.ID+".", &d.Kind.Contract
	if d.Load != graph.LoadBackoff {
		p.idle(path+"costClass", "the cost class sets the pause after an overrun, which there is with load: \"backoff\" alone")
	}
	if k.NoFrame {
		p.idle(path+"frame", "%s looks at no picture", d.DetectorSpec.Kind)
		p.idle(path+"maxAge", "%s looks at no picture", d.DetectorSpec.Kind)
	}
	if k.External {
		for _, field := range []string{"minFps", "cost", "costClass", "threads", "timeout", "load", "priority", "isolate", "needs", "when"} {
			p.idle(path+field, "%s is never run: its signals are told from outside", d.DetectorSpec.Kind)
		}
	}
	if k.Blocking && d.Threads > 1 {
		p.idle(path+"threads", "%s waits for somebody else and takes no CPU slot", d.DetectorSpec.Kind)
	}
}

// idle reports a field that has no effect, where it is given.
func (p *Pass) idle(path, format string, args ...any) {
	if p.Doc.Has(path) {
		p.Report(dsl.Finding{
			Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
			Message: "no effect: " + fmt.Sprintf(format, args...), Hint: "take it away",
		})
	}
}

func threadsCheck() Check {
	return Check{
		Code: "RVO215", Name: "more threads than CPU slots", Built: true,
		Doc: `A run takes a CPU slot for each of its threads. With fewer slots than threads it takes all that there are and ` +
			`its threads wait for one another; slots kept for critical detectors are there for those alone.`,
		Run: func(p *Pass) {
			if p.Graph.Cores == 0 {
				return // as many as the machine has
			}
			for i := range p.Graph.Instances {
				in := &p.Graph.Instances[i]
				slots, why := p.Graph.Cores, "engine.cores"
				if in.Priority != graph.Critical && p.Graph.Reserve > 0 {
					slots, why = slots-p.Graph.Reserve, "engine.reserve"
				}
				if in.Blocking || in.Threads <= slots {
					continue
				}
				d := &p.Graph.Detectors[in.Detector]
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "detectors." + d.ID + ".threads",
					Message: fmt.Sprintf("a run of detector %s has %d threads, and there are %d CPU slots for it (given)", d.ID, in.Threads, slots),
					Related: []dsl.Related{p.related(why, "%s", why)}, Hint: fmt.Sprintf("threads: %d, or more cores", slots),
				})
			}
		},
	}
}
