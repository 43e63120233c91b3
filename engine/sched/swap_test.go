package sched_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// TestSwapIsForOneInput: a swap is for the core and the graph that it was prepared for, once.
func TestSwapIsForOneInput(t *testing.T) {
	s, a, b := swapping(t, 1)
	o := sched.Options{Slots: 1}
	step := func(swap *sched.Swap) (said string) {
		defer func() {
			if p := recover(); p != nil {
				said = fmt.Sprint(p)
			}
		}()
		s.core.Step(sched.Input{Kind: sched.InputSwap, Swap: swap}, nil)
		return ""
	}
	early := sched.Prepare(a, b, nil, o)
	if out := s.core.Step(sched.Input{Kind: sched.InputSwap, Swap: early}, nil); len(out) > 0 || s.core.Generation() != 1 {
		t.Errorf("a swap before the start decided %v", out)
	}
	s.core.Step(sched.Input{Kind: sched.InputStart, Run: "run"}, nil)
	if said := step(early); said != "" || s.core.Generation() != 2 {
		t.Errorf("generation %d, %s", s.core.Generation(), said)
	}
	if r := early.Remap(); r == nil || r.Cameras[0] != 0 {
		t.Errorf("after the swap it maps %+v", r)
	}
	for name, c := range map[string]struct {
		swap *sched.Swap
		want string
	}{
		"used":        {early, "not prepared, or was used"},
		"from a log":  {&sched.Swap{Revision: "b", Slots: 1}, "not prepared, or was used"},
		"other graph": {sched.Prepare(a, b, nil, o), "prepared for another graph"},
	} {
		if said := step(c.swap); !strings.Contains(said, c.want) {
			t.Errorf("%s: it said %q, want %q in it", name, said, c.want)
		}
	}
	s.core.Step(sched.Input{Kind: sched.InputStop}, nil)
	if out := s.core.Step(sched.Input{Kind: sched.InputSwap, Swap: sched.Prepare(b, a, nil, o)}, nil); len(out) > 0 || s.core.Generation() != 2 {
		t.Errorf("a swap after the end decided %v", out)
	}
}

func TestResolveRefuses(t *testing.T) {
	_, a, b := swapping(t, 1)
	there := func(string) (*graph.Graph, error) { return b, nil }
	for name, c := range map[string]struct {
		swap sched.Swap
		find func(string) (*graph.Graph, error)
		want string
	}{
		"not there":    {sched.Swap{Revision: "b", Slots: 1}, func(string) (*graph.Graph, error) { return nil, errors.New("no such") }, "input 0: pipeline b: no such"},
		"another":      {sched.Swap{Revision: "c", Slots: 1}, there, "a swap to revision c, found b"},
		"no slots":     {sched.Swap{Revision: "b"}, there, "at least 1"},
		"out of range": {sched.Swap{Revision: "b", Slots: 1, Replaced: []int{8}}, there, "replaces instance 8 of 8"},
	} {
		err := sched.Resolve([]sched.Input{{Kind: sched.InputSwap, Swap: &c.swap}}, a, c.find)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
}

// TestAnEventThatComesBackIsAnother: an event that was removed and is there again counts from 1, and its ids are not those
// of before.
func TestAnEventThatComesBackIsAnother(t *testing.T) {
	s := play(t, "testdata/swap_removed.txt")
	ids := map[string]bool{}
	for i := range s.events {
		d := &s.events[i]
		if d.Transition.Kind.String() != "confirmed" {
			continue
		}
		if ids[d.Occurrence] {
			t.Errorf("generation %d: occurrence %s is there twice", d.Generation, d.Occurrence)
		}
		ids[d.Occurrence] = true
	}
	if len(ids) != 7 {
		t.Errorf("%d occurrences", len(ids))
	}
}
