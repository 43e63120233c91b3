package vet

import (
	"fmt"

	"rvo.dev/dsl"
)

// gatherFrom is how many findings of one code at one place are still told one by one.
const gatherFrom = 4

// gather makes one finding of many that have one cause: what a template or a comprehension gets wrong is wrong in every entry
// made from it, at one place, with another name in each. The first one is told, with how many there are more. The findings
// are sorted, and so are those that are left.
func gather(fs []dsl.Finding) []dsl.Finding {
	type cause struct {
		code     string
		severity dsl.Severity
		place    dsl.Place
	}
	of := func(f *dsl.Finding) cause { return cause{f.Code, f.Severity, f.Place} }
	count := map[cause]int{}
	for i := range fs {
		count[of(&fs[i])]++
	}
	told := map[cause]bool{}
	out := fs[:0]
	for i := range fs {
		f, c := fs[i], of(&fs[i])
		switch n := count[c]; {
		case n < gatherFrom || f.Place.Line == 0:
		case told[c]:
			continue
		default:
			told[c] = true
			f.Message += fmt.Sprintf(" (and %d more that are made here)", n-1)
		}
		out = append(out, f)
	}
	return out
}
