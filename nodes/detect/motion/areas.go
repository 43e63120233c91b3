package motion

import (
	"cmp"
	"math/bits"
	"slices"

	"rvo.dev/engine/signal"
)

const (
	// speckle is how many of a cell's 16 pixels must have changed for the cell to count: noise changes single pixels,
	// an edge that crosses a cell at least four.
	speckle = 4
	// movingShare is the part of an area, 1 in so many, that must be fresh for the area to move: a slow thing renews
	// little more than its edges, and noise on a thing at rest less.
	movingShare = 64
	// maxBoxes bounds a run's boxes; what moves in more places is rain.
	maxBoxes = 64
)

// areas finds what moves in a background. It is memory that is used again in each run.
type areas struct {
	todo  []int32 // cells of the present area whose neighbours are to be looked at
	found []area
}

// area is changed pixels that touch, cell by cell, diagonally too. The edges are pixels, right and bottom past the end.
type area struct {
	left, top, right, bottom int
	changed, fresh           int
}

// find returns the share of the picture that moves and where. It empties the background's cells.
func (a *areas) find(b *background, minArea float64) (float64, []signal.Box) {
	if cap(a.todo) < len(b.changed) {
		a.todo = make([]int32, 0, len(b.changed))
	}
	a.found = a.found[:0]
	pixels := b.width * b.height
	least := max(1, int(minArea*float64(pixels)))
	moving := 0
	for c := range b.changed {
		if bits.OnesCount16(b.changed[c]) < speckle {
			continue
		}
		r := a.grow(b, c)
		if r.changed >= least && r.fresh >= max(speckle, r.changed/movingShare) {
			moving += r.changed
			a.found = append(a.found, r)
		}
	}
	if len(a.found) == 0 {
		return 0, nil
	}
	slices.SortFunc(a.found, func(x, y area) int {
		return cmp.Or(cmp.Compare(y.changed, x.changed), cmp.Compare(x.top, y.top), cmp.Compare(x.left, y.left))
	})
	boxes := make([]signal.Box, min(len(a.found), maxBoxes))
	w, h := float32(b.width), float32(b.height)
	for i := range boxes {
		r := &a.found[i]
		boxes[i] = signal.Box{
			X: float32(r.left) / w, Y: float32(r.top) / h,
			W: float32(r.right-r.left) / w, H: float32(r.bottom-r.top) / h,
			Score: float32(r.changed) / float32((r.right-r.left)*(r.bottom-r.top)),
		}
	}
	return float64(moving) / float64(pixels), boxes
}

// grow collects the area that the cell belongs to and clears its cells.
func (a *areas) grow(b *background, cell int) area {
	r := area{left: b.width, top: b.height}
	a.todo = append(a.todo[:0], int32(cell))
	r.add(b, cell)
	for len(a.todo) > 0 {
		c := int(a.todo[len(a.todo)-1])
		a.todo = a.todo[:len(a.todo)-1]
		cx, cy := c%b.cols, c/b.cols
		for y := max(cy-1, 0); y <= min(cy+1, b.rows-1); y++ {
			for x := max(cx-1, 0); x <= min(cx+1, b.cols-1); x++ {
				if next := y*b.cols + x; bits.OnesCount16(b.changed[next]) >= speckle {
					a.todo = append(a.todo, int32(next))
					r.add(b, next)
				}
			}
		}
	}
	return r
}

// add takes a cell's pixels into the area and out of the background's cells.
func (r *area) add(b *background, cell int) {
	m := b.changed[cell]
	r.changed += bits.OnesCount16(m)
	r.fresh += bits.OnesCount16(b.fresh[cell])
	b.changed[cell] = 0
	x, y := cell%b.cols*cellSide, cell/b.cols*cellSide
	columns := m | m>>8
	columns = (columns | columns>>4) & 15
	r.left = min(r.left, x+bits.TrailingZeros16(columns))
	r.right = max(r.right, x+bits.Len16(columns))
	r.top = min(r.top, y+bits.TrailingZeros16(m)/cellSide)
	r.bottom = max(r.bottom, y+(bits.Len16(m)+cellSide-1)/cellSide)
}
