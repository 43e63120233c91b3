package sched

import (
	"errors"
	"fmt"

	"rvo.dev/engine/graph"
)

// Swap is what an InputSwap brings: another graph, and all that can be made ready for it before. It is good for one input;
// a log has what Resolve makes it from again.
type Swap struct {
	// Revision is that of the new graph's pipeline.
	Revision string `json:"revision"`
	// Slots, Reserve and Blocking are the bounds from now on, as in Options.
	Slots    int `json:"slots"`
	Reserve  int `json:"reserve,omitempty"`
	Blocking int `json:"blocking,omitempty"`
	// Replaced are instances of the new graph whose detector is another than that of the same id before: they begin in good
	// health and without a learned cost, in the schedule of the one before them, and runs of that one count no more.
	Replaced []int `json:"replaced,omitempty"`

	remap *Remap
	next  *prepared // nil once it was used
}

// Prepare makes the state in which a core with the graph from goes on with the graph to. It is the expensive part of a swap:
// it reads graphs alone, and is done beside the live path. replaced is as in Swap.
func Prepare(from, to *graph.Graph, replaced []int, o Options) *Swap {
	p := prepare(from, to, replaced, o)
	return &Swap{
		Revision: to.Revision, Slots: o.Slots, Reserve: o.Reserve, Blocking: o.Blocking, Replaced: replaced,
		remap: &p.remap, next: p,
	}
}

// Remap says where the things of the old graph are in the new one; nil for a swap that was read from a log, before Resolve.
func (s *Swap) Remap() *Remap { return s.remap }

// Fresh reports whether an instance of the new graph begins anew although one of its id was there: its detector is another, or
// tells other signals, and the end of a run that is out counts no more. It is to be asked before the swap.
func (s *Swap) Fresh(instance int) bool { return s.next.lanes[instance].fresh }

// Resolve makes a log that was read from a file fit for replay: it prepares each of its swaps again. first is the graph that
// the log began with, and find returns the graph of a revision. It may be called again for another replay.
func Resolve(log []Input, first *graph.Graph, find func(revision string) (*graph.Graph, error)) error {
	from := first
	for i := range log {
		s := log[i].Swap
		if s == nil {
			continue
		}
		to, err := find(s.Revision)
		if err != nil {
			return fmt.Errorf("input log: input %d: pipeline %s: %w", i, s.Revision, err)
		}
		if err := s.fits(to); err != nil {
			return fmt.Errorf("input log: input %d: %w", i, err)
		}
		log[i].Swap = Prepare(from, to, s.Replaced, Options{Slots: s.Slots, Reserve: s.Reserve, Blocking: s.Blocking})
		from = to
	}
	return nil
}

// fits checks what a log says of a swap against the graph that was found for it.
func (s *Swap) fits(to *graph.Graph) error {
	if to.Revision != s.Revision {
		return fmt.Errorf("a swap to revision %s, found %s", s.Revision, to.Revision)
	}
	if s.Slots < 1 {
		return errors.New("a swap to no CPU slots: at least 1 is needed")
	}
	for _, i := range s.Replaced {
		if i < 0 || i >= len(to.Instances) {
			return fmt.Errorf("a swap that replaces instance %d of %d", i, len(to.Instances))
		}
	}
	return nil
}
