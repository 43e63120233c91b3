package motion

import (
	"math/bits"

	"rvo.dev/engine/signal"
)

// mask is the part of the picture in which nothing counts: what moves there is neither level nor box, and is no part of a
// change of light. The background is learned there all the same, so that a mask costs nothing but the pictures' first.
type mask struct {
	polygons []signal.Polygon
	counts   []uint16 // pixels outside, as bits of cells like background.changed; nil: all
	pixels   int      // how many
}

// fit lays the mask over the cells of a background. A pixel is where its middle is.
func (m *mask) fit(b *background) {
	m.pixels = b.width * b.height
	if len(m.polygons) == 0 {
		return
	}
	m.counts = make([]uint16, len(b.changed))
	m.pixels = 0
	for y := range b.height {
		for x := range b.width {
			if m.covers((float64(x)+0.5)/float64(b.width), (float64(y)+0.5)/float64(b.height)) {
				continue
			}
			m.counts[y/cellSide*b.cols+x/cellSide] |= 1 << (y%cellSide*cellSide + x%cellSide)
			m.pixels++
		}
	}
}

// keeps reports whether a pixel counts.
func (m *mask) keeps(b *background, x, y int) bool {
	return len(m.counts) == 0 || m.counts[y/cellSide*b.cols+x/cellSide]>>(y%cellSide*cellSide+x%cellSide)&1 == 1
}

func (m *mask) covers(x, y float64) bool {
	for _, p := range m.polygons {
		if p.Contains(x, y) {
			return true
		}
	}
	return false
}

// apply takes what is covered out of a background's cells and returns how many changed pixels are left of n.
func (m *mask) apply(b *background, n int) int {
	if m.counts == nil {
		return n
	}
	n = 0
	for c, keep := range m.counts {
		b.changed[c] &= keep
		b.fresh[c] &= keep
		n += bits.OnesCount16(b.changed[c])
	}
	return n
}
