package vet

import (
	"fmt"
	"math"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

func contradictionCheck() Check {
	return Check{
		Code: "RVO308", Name: "condition that is never yes", Sound: true,
		Doc: `What the condition asks of a signal cannot hold at one instant: two comparisons, or two parts of an all, leave ` +
			`it no value. Parts that are meant for different instants stand in a sequence, or have a within.`,
		Run: func(p *Pass) {
			p.flaws(func(base string, c *event.Cond, f flaw) {
				if f.answer == event.Yes && !f.outside {
					p.contradiction(base, c, f)
				}
			})
		},
	}
}

func boundsCheck() Check {
	return Check{
		Code: "RVO309", Name: "comparison beyond the signal's values", Sound: true,
		Doc: `The detector's kind says which values the signal can have, and none of them is what the comparison asks for. A ` +
			`fraction is from 0 to 1 and never from 0 to 100; a count is 0 or more.`,
		Run: func(p *Pass) {
			p.flaws(func(base string, c *event.Cond, f flaw) {
				if f.answer != event.Yes || !f.outside {
					return
				}
				p.Report(dsl.Finding{
					Path: p.compared(base, c, 0), Hint: "compare it with a value that it can have",
					Message: fmt.Sprintf("%s: never, for %s", brief(c), bounds(c.Signal, p.emit(c.Signal))),
				})
			})
		},
	}
}

func alwaysCheck() Check {
	return Check{
		Code: "RVO310", Name: "condition that is always yes", Sound: true,
		Doc: `Whatever value the signal has, the condition is yes: it asks only whether the signal is known. Say what you ` +
			`mean: {not: absent: "detector.signal"} is yes while it is fresh.`,
		Run: func(p *Pass) {
			p.flaws(func(base string, c *event.Cond, f flaw) {
				if f.answer != event.No {
					return
				}
				out := dsl.Finding{Severity: dsl.Warning, Path: base + "." + c.Path, Place: p.Doc.Place(base + "." + c.Path)}
				switch {
				case c.Op == event.OpCompare:
					out.Path, out.Place = p.compared(base, c, 0), dsl.Place{}
					out.Message = fmt.Sprintf("%s: always, for %s", brief(c), bounds(c.Signal, p.emit(c.Signal)))
					out.Hint = fmt.Sprintf("to ask whether it is fresh: {not: absent: %q}", c.Signal)
				case f.first != nil:
					out.Message = fmt.Sprintf("always yes: where %q is no, %q is yes", brief(f.first), brief(f.second))
					out.Related = []dsl.Related{
						{Place: p.Doc.Place(base + "." + f.first.Path), Message: "one part"},
						{Place: p.Doc.Place(base + "." + f.second.Path), Message: "the other"},
					}
					out.Hint = "take one of them away, or leave a gap between them"
				default:
					out.Message = "always yes: its parts cover every value"
					out.Hint = "take one of them away, or leave a gap between them"
				}
				p.Report(out)
			})
		},
	}
}

// contradiction reports a node that asks for what rules itself out.
func (p *Pass) contradiction(base string, c *event.Cond, f flaw) {
	path := base + "." + c.Path
	switch {
	case c.Op == event.OpCompare:
		p.Report(dsl.Finding{
			Path: p.compared(base, c, 1), Message: fmt.Sprintf("never yes: no value of %s is %s at once", c.Signal, conjunction(c)),
			Related: []dsl.Related{p.related(p.compared(base, c, 0), "and this")},
			Hint:    "nest them in any where one of them is enough",
		})
	case f.first != nil:
		p.Report(dsl.Finding{
			Path: path, Place: p.Doc.Place(base + "." + f.second.Path),
			Message: fmt.Sprintf("never yes: %q cannot hold while %q does", brief(f.second), brief(f.first)),
			Related: []dsl.Related{{Place: p.Doc.Place(base + "." + f.first.Path), Message: "the other part"}},
			Hint:    "any asks for one of them, sequence for one after the other",
		})
	default:
		p.Report(dsl.Finding{
			Path: path, Place: p.Doc.Place(path), Message: "never yes: its parts cannot hold at one instant",
			Hint: "any asks for one of them, sequence for one after the other",
		})
	}
}

// flaws visits what the analysis finds in every condition of what is enabled. base is the path of what the condition
// belongs to.
func (p *Pass) flaws(visit func(base string, c *event.Cond, f flaw)) {
	if !p.memo.analysed {
		p.memo.analysed = true
		p.conditions(func(base string, c *event.Cond) {
			newLogic(c, p.emit, func(c *event.Cond, f flaw) {
				p.memo.flaws = append(p.memo.flaws, located{base, c, f})
			}).node(c)
		})
	}
	for _, f := range p.memo.flaws {
		visit(f.base, f.cond, f.flaw)
	}
}

// memo is what checks compute together.
type memo struct {
	analysed bool
	flaws    []located
	emits    map[string]*node.Emit
	sampler  *sampler
}

// located is a flaw with its condition.
type located struct {
	base string
	cond *event.Cond
	flaw flaw
}

// conditions visits the conditions of events and detectors that are enabled, with the path of each one's owner.
func (p *Pass) conditions(visit func(base string, c *event.Cond)) {
	for i := range p.Spec.Detectors {
		if d := &p.Spec.Detectors[i]; d.Enabled && d.When != nil {
			visit("detectors."+d.ID, d.When)
		}
	}
	for i := range p.Spec.Events {
		if e := &p.Spec.Events[i]; e.Enabled && e.When != nil {
			visit("events."+e.ID, e.When)
		}
	}
}

// emit returns what a signal's detector promises of it, nil where that is not known.
func (p *Pass) emit(name string) *node.Emit {
	if e, ok := p.memo.emits[name]; ok {
		return e
	}
	if p.memo.emits == nil {
		p.memo.emits = map[string]*node.Emit{}
	}
	id := producer(name)
	emits := graph.CameraEmits()
	if id != graph.CameraSignals {
		emits = nil
		if d := p.detector(id); d != nil {
			emits = p.emits(d)
		}
	}
	p.memo.emits[name] = nil
	for i := range emits {
		p.memo.emits[id+"."+emits[i].Name] = &emits[i]
	}
	return p.memo.emits[name]
}

// compared returns the path of a leaf's comparison with this number, of the leaf where it has none.
func (p *Pass) compared(base string, c *event.Cond, i int) string {
	path := base + "." + c.Path
	if i < len(c.Compare) {
		if at := path + "." + c.Compare[i].Rel.String(); p.Doc.Has(at) {
			return at
		}
	}
	return path
}

// conjunction returns the comparisons of a leaf, joined.
func conjunction(c *event.Cond) string {
	all := make([]string, len(c.Compare))
	for i, cmp := range c.Compare {
		all[i] = comparison(cmp)
	}
	return strings.Join(all, " and ")
}

// bounds says which values a signal has.
func bounds(name string, e *node.Emit) string {
	switch {
	case e == nil:
		return name
	case e.Type == signal.TypeBoxes:
		return name + " counts boxes, 0 or more"
	case e.Type == signal.TypeBool:
		return name + " is true or false"
	case e.Type == signal.TypeLabel && len(e.Labels) > 0:
		return name + " is one of " + dsl.List(e.Labels)
	case e.Max > e.Min && e.Max < math.MaxInt32:
		return fmt.Sprintf("%s is from %v to %v", name, e.Min, e.Max)
	case e.Max > e.Min:
		return fmt.Sprintf("%s is %v or more", name, e.Min)
	}
	return name
}
