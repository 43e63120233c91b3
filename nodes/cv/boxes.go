package cv

import (
	"cmp"
	"slices"

	"rvo.dev/engine/signal"
)

// maxBoxes bounds what one run of a detector may give. A picture with more is one the detector does not fit.
const maxBoxes = 256

// rawBox is a detection in pixels with the detector's own weight.
type rawBox struct{ x, y, w, h, weight float64 }

// trim cuts shares of a box off each side.
func (b rawBox) trim(width, height float64) rawBox {
	b.x, b.w = b.x+b.w*width, b.w*(1-2*width)
	b.y, b.h = b.y+b.h*height, b.h*(1-2*height)
	return b
}

func (b rawBox) overlap(c rawBox) float64 {
	w := min(b.x+b.w, c.x+c.w) - max(b.x, c.x)
	h := min(b.y+b.h, c.y+c.h) - max(b.y, c.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (b.w*b.h + c.w*c.h - w*h)
}

// suppress keeps the boxes of the largest weight that overlap no kept one by more than most (intersection over union),
// in falling order of weight. It works in place.
func suppress(boxes []rawBox, most float64) []rawBox {
	slices.SortStableFunc(boxes, func(a, b rawBox) int { return cmp.Compare(b.weight, a.weight) })
	kept := boxes[:0]
	for _, b := range boxes {
		if !slices.ContainsFunc(kept, func(k rawBox) bool { return k.overlap(b) > most }) {
			kept = append(kept, b)
		}
	}
	return kept
}

// toBoxes turns pixels of a picture of w x h into boxes in fractions of it, cut at its edges, best first, at most
// maxBoxes.
func toBoxes(raw []rawBox, w, h int, label string, score func(weight float64) float64) []signal.Box {
	out := make([]signal.Box, 0, len(raw))
	for _, b := range raw {
		x0, y0 := max(b.x/float64(w), 0), max(b.y/float64(h), 0)
		x1, y1 := min((b.x+b.w)/float64(w), 1), min((b.y+b.h)/float64(h), 1)
		if x1 <= x0 || y1 <= y0 {
			continue
		}
		out = append(out, signal.Box{
			X: float32(x0), Y: float32(y0), W: float32(x1 - x0), H: float32(y1 - y0),
			Score: float32(score(b.weight)), Label: label,
		})
	}
	slices.SortStableFunc(out, func(a, b signal.Box) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(len(out), maxBoxes)]
}
