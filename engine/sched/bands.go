package sched

import (
	"cmp"
	"math"
	"slices"

	"rvo.dev/engine/graph"
)

// bands say which values of a number are all the same to every condition: those between two numbers that conditions compare
// with. A value in the band of the one before it changes no answer, so a score that moves a little with every picture costs
// no evaluation until it crosses what somebody asks for.
type bands struct {
	now  []band  // of each cell: the one that its value is in, once it has one
	cuts []int64 // what values are compared with, sorted, cell after cell: each begins a band
	from []int32 // of each cell: where its cuts begin; one more at the end
}

// band is a range of numbers as signal.Value.Order has them.
type band struct {
	lo   int64
	span uint64 // how far it goes above lo
}

func (b *band) has(n int64) bool { return uint64(n-b.lo) <= b.span }

func newBands(g *graph.Graph) bands {
	type cut struct {
		cell int
		at   int64
	}
	var all []cut
	note := func(cell int, at int64) { all = append(all, cut{cell, at}) }
	for i := range g.Instances {
		if p := g.Instances[i].Gate; p != nil {
			p.Cuts(note)
		}
	}
	for i := range g.Machines {
		g.Machines[i].Program.Cuts(note)
	}
	cells := len(g.Cells)
	slices.SortFunc(all, func(a, b cut) int { return cmp.Or(cmp.Compare(a.cell, b.cell), cmp.Compare(a.at, b.at)) })
	all = slices.Compact(all)
	b := bands{now: make([]band, cells), cuts: make([]int64, 0, len(all)), from: make([]int32, cells+1)}
	for cell := range cells {
		for len(all) > 0 && all[0].cell == cell {
			b.cuts = append(b.cuts, all[0].at)
			all = all[1:]
		}
		b.from[cell+1] = int32(len(b.cuts))
	}
	return b
}

// of returns what values of a cell are compared with.
func (b *bands) of(cell int) []int64 { return b.cuts[b.from[cell]:b.from[cell+1]] }

// enter notes that a cell has a value of that number.
func (b *bands) enter(cell int, n int64) {
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	for _, at := range b.of(cell) { // a handful
		if at > n {
			hi = at - 1
			break
		}
		lo = at
	}
	b.now[cell] = band{lo, uint64(hi - lo)}
}
