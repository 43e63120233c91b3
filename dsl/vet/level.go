package vet

import (
	"slices"

	"rvo.dev/dsl"
)

// levels returns what the pipeline itself says about findings. Everything that is no check, and checks marked Core, says why
// a pipeline cannot run: that can be neither lowered nor ignored.
func levels(doc *dsl.Document) *dsl.Levels {
	known := func() []string {
		var all []string
		for _, c := range Codes() {
			all = append(all, c.Code)
		}
		return all
	}
	checks := Checks()
	return doc.Levels(known, func(code string) bool {
		if code == dsl.CodeIdleIgnore || code == dsl.CodeNoReason {
			return false
		}
		i := slices.IndexFunc(checks, func(c Check) bool { return c.Code == code })
		return i < 0 || checks[i].Core
	})
}

// looked reports whether a code is one that this run could find: what needs the machine is looked for only when asked.
func looked(code string) bool { return code < "RVO800" || code >= "RVO900" }
