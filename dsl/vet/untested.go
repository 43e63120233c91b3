package vet

import "rvo.dev/dsl"

func untestedCheck() Check {
	return Check{
		Code: "RVO700", Name: "event without a test", Sound: true, Whole: true,
		Doc: `The pipeline has tests, and none of them expects or forbids anything of this event: whoever changes it learns ` +
			`nothing from them. A test says what signals do and what has to come of it.`,
		Run: func(p *Pass) {
			tested := map[string]bool{}
			for _, t := range p.Doc.Pipeline.Tests {
				for _, e := range t.Expect {
					tested[e.Event] = true
				}
				for _, f := range t.Forbid {
					tested[f.Event] = true
				}
			}
			for i := range p.Spec.Events {
				e := &p.Spec.Events[i]
				if len(p.Doc.Pipeline.Tests) == 0 || !e.Enabled || tested[e.ID] {
					continue
				}
				path := "events." + e.ID
				p.Report(dsl.Finding{
					Severity: dsl.Info, Path: path, Place: p.Doc.Place(path),
					Message: "no test expects or forbids anything of event " + e.ID,
					Hint:    "add one, such as tests: " + e.ID + ": {steps: […], expect: […]}",
				})
			}
		},
	}
}
