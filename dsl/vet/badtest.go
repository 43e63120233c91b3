package vet

import (
	"rvo.dev/dsl"
	"rvo.dev/dsl/test"
)

func badTestCheck() Check {
	return Check{
		Code: test.Code, Name: "test that cannot be run", Built: true,
		Doc: `A test names a signal, an event or a camera that the pipeline does not have, gives a signal a value it cannot have, ` +
			`sets it twice at one time, or expects what cannot come or comes after its end. rvo test does not run it and ` +
			`exits with 1; rvo run does not look at tests.`,
		Run: func(p *Pass) {
			_, findings := test.Compile(p.Doc, p.Graph)
			for _, f := range findings {
				f.Severity = dsl.Warning // the pipeline itself can run
				p.Report(f)
			}
		},
	}
}
