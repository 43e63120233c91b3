package vet

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

func holdCheck() Check {
	return Check{
		Code: "RVO300", Name: "time that is shorter than between two values", Built: true,
		Doc: `A condition that has to hold for less than the time between two values of its signals holds because nobody ` +
			`looks: only the values at its beginning count, and the event comes later for nothing. An error where no signal ` +
			`has a second value within the hold, a warning where one of several has none. Raise the hold to two periods or ` +
			`more, raise the rate, or take the hold away.`,
		Run: func(p *Pass) {
			s := p.sampler()
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				if e.Hold > 0 {
					p.hold(s, e)
				}
				path := "events." + e.ID
				e.When.Walk(func(c *event.Cond) { p.lasting(s, path, c, s.watched(e)) })
			}
		},
	}
}

// hold reports an event whose hold nothing can break.
func (p *Pass) hold(s *sampler, e *graph.Event) {
	var worst, once sampled
	unseen, cameras := 0, s.watched(e)
	for _, camera := range cameras {
		all, steady := s.samples(e.When, camera)
		if !steady {
			continue
		}
		if f := fastest(all); e.Hold < f.every {
			unseen, worst = unseen+1, f
		}
		if f := slowest(all); e.Hold < f.every {
			once = f
		}
	}
	f := dsl.Finding{Path: "events." + e.ID + ".hold"}
	switch {
	case len(cameras) == 0 || once.every == 0:
		return
	case unseen == len(cameras):
		f.Message = fmt.Sprintf("event %s has to hold for %s, and a value of %s comes every %s (from the given rates): none can break it",
			e.ID, short(e.Hold), worst.signal, short(worst.every))
		f.Hint = fmt.Sprintf("hold for %s or more, or take the hold away", short(2*worst.every))
	default:
		f.Severity = dsl.Warning
		f.Message = fmt.Sprintf("event %s has to hold for %s, and a value of %s comes every %s (from the given rates): one value of it decides",
			e.ID, short(e.Hold), once.signal, short(once.every))
		f.Hint = fmt.Sprintf("hold for %s or more", short(2*once.every))
	}
	f.Related = append(f.Related, p.related("detectors."+producer(once.signal)+".fps", "%s is from here", once.signal))
	p.Report(f)
}

// lasting reports a part whose for nothing can break.
func (p *Pass) lasting(s *sampler, base string, c *event.Cond, cameras []int) {
	if c.For == 0 || len(cameras) == 0 {
		return
	}
	var worst sampled
	for _, camera := range cameras {
		all, steady := s.samples(c, camera)
		if !steady || c.For >= fastest(all).every {
			return
		}
		worst = fastest(all)
	}
	p.Report(dsl.Finding{
		Severity: dsl.Warning, Path: base + "." + c.Path + ".for",
		Message: fmt.Sprintf("it has to be yes for %s, and a value of %s comes every %s (from the given rates): none can break it",
			short(c.For), worst.signal, short(worst.every)),
		Hint: fmt.Sprintf("for %s or more, or take it away", short(2*worst.every)),
	})
}

func singleSampleCheck() Check {
	return Check{
		Code: "RVO301", Name: "hold that one value satisfies", Built: true,
		Doc: `Every signal of the event has a ttl that is longer than the hold and a run. When the detectors stop after one ` +
			`value that says yes, the event is confirmed all the same. Make a ttl shorter than the hold, or the hold longer.`,
		Run: func(p *Pass) {
			s := p.sampler()
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				for _, camera := range s.watched(e) {
					all, steady := s.samples(e.When, camera)
					if e.Hold == 0 || !steady || !outlives(all, e.Hold) {
						continue
					}
					one := all[0]
					for _, o := range all {
						if o.given {
							one = o
						}
					}
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "events." + e.ID + ".hold",
						Message: fmt.Sprintf("event %s has to hold for %s, and a value of %s is fresh for %s (given): one value is enough",
							e.ID, short(e.Hold), one.signal, short(one.ttl)),
						Related: []dsl.Related{p.related("detectors."+producer(one.signal)+".emits"+one.signal[len(producer(one.signal)):]+".ttl", "its ttl")},
						Hint:    fmt.Sprintf("hold for more than %s, or lower the ttl", short(one.ttl)),
					})
					break
				}
			}
		},
	}
}

// outlives reports whether every signal stays fresh through the hold by one value, and the pipeline itself says so of one.
func outlives(all []sampled, hold time.Duration) bool {
	given := false
	for _, s := range all {
		if s.ttl < hold+s.cost {
			return false
		}
		given = given || s.given
	}
	return given
}

func addedHoldCheck() Check {
	return Check{
		Code: "RVO315", Name: "for and hold that add up", Sound: true,
		Doc: `The condition has a for of its own and the event a hold: the hold begins when the for is over, so that what is ` +
			`in front of the camera has to last for both. That may be meant: a break of the for starts it again, while grace ` +
			`bridges one of the hold.`,
		Run: func(p *Pass) {
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				if !e.Enabled || e.When == nil || e.When.For == 0 || e.Hold == 0 {
					continue
				}
				p.Report(dsl.Finding{
					Severity: dsl.Info, Path: "events." + e.ID + ".hold",
					Message: fmt.Sprintf("for %s and hold %s add up: event %s comes after %s", short(e.When.For), short(e.Hold), e.ID, short(e.When.For+e.Hold)),
					Related: []dsl.Related{p.related("events."+e.ID+"."+e.When.Path+".for", "for")},
				})
			}
		},
	}
}

func cooldownCheck() Check {
	return Check{
		Code: "RVO302", Name: "event that comes again and again", Built: true,
		Doc: `An event that ends by itself (maxDuration) and may come again within a second does so as long as its condition ` +
			`holds. A cooldown that is over before a new value can come keeps nothing back. Give it a cooldown of several ` +
			`values, or none.`,
		Run: func(p *Pass) {
			s := p.sampler()
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				again := e.MaxDuration + e.Hold + e.Cooldown
				if e.HasMax && again < time.Second {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "events." + e.ID + ".maxDuration",
						Message: fmt.Sprintf("event %s is confirmed every %s as long as its condition holds", e.ID, short(again)),
						Hint:    "give it a cooldown, such as cooldown: \"10s\"",
					})
					continue
				}
				if e.Cooldown > 0 {
					p.cooldown(s, e)
				}
			}
		},
	}
}

// cooldown reports a cooldown that ends before anything new can be known.
func (p *Pass) cooldown(s *sampler, e *graph.Event) {
	var next sampled
	for _, camera := range s.watched(e) {
		all, steady := s.samples(e.When, camera)
		if !steady || e.Cooldown >= fastest(all).every {
			return
		}
		next = fastest(all)
	}
	if next.every == 0 {
		return
	}
	p.Report(dsl.Finding{
		Severity: dsl.Warning, Path: "events." + e.ID + ".cooldown",
		Message: fmt.Sprintf("event %s is not looked at for %s, and a value of %s comes every %s (from the given rates): it keeps nothing back",
			e.ID, short(e.Cooldown), next.signal, short(next.every)),
		Hint: short(10*next.every) + " or more, or none",
	})
}
