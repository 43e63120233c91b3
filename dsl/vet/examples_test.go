package vet_test

import (
	"slices"
	"testing"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet"
	"rvo.dev/dsl/vet/vettest"
)

// noExample holds the codes whose example would have no cure that can be tried, and where they are shown instead.
func noExample() map[string]string {
	codes := noPipeline()
	codes["RVO208"] = "testdata/corpus: every kind that is shipped has a cost"
	codes["RVO802"] = "TestEndpoint: the cure is somebody who answers"
	return codes
}

// noPipeline holds the codes that no text of a pipeline can show, and where they are shown instead.
func noPipeline() map[string]string {
	return map[string]string{
		dsl.CodeLimit:           "TestLimit of dsl",
		dsl.CodeRead:            "testdata of dsl: a file that is not there",
		vet.CodeBuild:           "cannot happen while the checks are complete",
		compile.CodeKindOptions: "TestKindRefusesOptions",
	}
}

// Every code has an example that gives it and nothing else, and a cure that gives nothing.
func TestExamples(t *testing.T) {
	kinds, skip, dir := allKinds(t), noExample(), t.TempDir()
	vettest.Machine(t, dir)
	vetted := func(code, text string) []string {
		env := slices.ContainsFunc(vet.Checks(), func(c vet.Check) bool { return c.Code == code && c.Env })
		r, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{
			Kinds: kinds, Dir: dir, StateDir: dir, Env: env, Free: vet.FreeBytes, Files: map[string][]byte{"p.cue": []byte(text)},
		})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range r.Findings {
			codes = append(codes, f.Code)
		}
		slices.Sort(codes)
		return slices.Compact(codes)
	}
	for _, c := range vet.Codes() {
		if _, ok := skip[c.Code]; ok {
			if c.Example != "" || c.Cure != "" {
				t.Errorf("%s has an example, and is said to have none", c.Code)
			}
			continue
		}
		if c.Example == "" || c.Cure == "" {
			t.Errorf("%s has no examples/%s.bad.cue and .good.cue", c.Code, c.Code)
			continue
		}
		if got := vetted(c.Code, c.Example); !slices.Equal(got, []string{c.Code}) {
			t.Errorf("the example of %s gives %v", c.Code, got)
		}
		if got := vetted(c.Code, c.Cure); len(got) > 0 {
			t.Errorf("the cure of %s gives %v", c.Code, got)
		}
	}
}
