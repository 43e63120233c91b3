package vet_test

import (
	"testing"

	"rvo.dev/dsl/vet"
	"rvo.dev/dsl/vet/vettest"
)

// The corpus has at least 150 broken pipelines, and for every code one that gives it and one that nearly does.
func TestCorpus(t *testing.T) {
	tallies := vettest.Corpus(t, vettest.Kinds(t), "testdata/corpus")
	broken, clean := 0, 0
	for _, n := range tallies {
		broken, clean = broken+n.Broken, clean+n.Clean
	}
	t.Logf("%d broken pipelines and %d near misses over %d codes", broken, clean, len(tallies))
	if broken < 150 {
		t.Errorf("the corpus has %d broken pipelines, want 150", broken)
	}
	skip := noPipeline()
	for _, c := range vet.Codes() {
		if _, ok := skip[c.Code]; ok {
			continue
		}
		if n := tallies[c.Code]; n.Broken == 0 || n.Clean == 0 {
			t.Errorf("testdata/corpus/%s.txtar has %d broken pipelines and %d near misses, want one of each at least", c.Code, n.Broken, n.Clean)
		}
	}
}
