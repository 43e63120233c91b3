package model

import (
	"cmp"
	"slices"

	"rvo.dev/engine/signal"
)

// MaxBoxes bounds what one picture gives. A picture with more is one the network does not fit.
const MaxBoxes = 256

// maxCandidates bounds what is compared with one another: the best ones. A threshold near 0 lets thousands through.
const maxCandidates = 4096

// candidate is a box before suppression: corners in pixels of the network's input.
type candidate struct {
	x0, y0, x1, y1 float32
	score          float32
	class          int
}

// centered is the candidate with this centre and size.
func centered(cx, cy, w, h, score float32, class int) candidate {
	return candidate{cx - w/2, cy - h/2, cx + w/2, cy + h/2, score, class}
}

func (a *candidate) area() float32 { return (a.x1 - a.x0) * (a.y1 - a.y0) }

// overlap is the intersection of two boxes over their union.
func (a *candidate) overlap(b *candidate) float32 {
	w, h := min(a.x1, b.x1)-max(a.x0, b.x0), min(a.y1, b.y1)-max(a.y0, b.y0)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a.area() + b.area() - w*h)
}

// suppress keeps, best first, what overlaps no kept candidate of its class by more than most: greedy non-maximum
// suppression. It works in place.
func suppress(all []candidate, most float32) []candidate {
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	all = all[:min(len(all), maxCandidates)]
	kept := all[:0]
next:
	for i := range all {
		c := all[i]
		for j := range kept {
			if kept[j].class == c.class && kept[j].overlap(&c) > most {
				continue next
			}
		}
		if kept = append(kept, c); len(kept) == MaxBoxes {
			break
		}
	}
	return kept
}

// boxes turns candidates into boxes in fractions of a picture of w x h pixels that lay at p, cut at its edges.
func boxes(kept []candidate, p Place, w, h int, labels []string) []signal.Box {
	out := make([]signal.Box, 0, len(kept))
	fw, fh := float32(w), float32(h)
	for i := range kept {
		c := &kept[i]
		x0, x1 := max((c.x0-p.X)/p.SX, 0)/fw, min((c.x1-p.X)/p.SX, fw)/fw
		y0, y1 := max((c.y0-p.Y)/p.SY, 0)/fh, min((c.y1-p.Y)/p.SY, fh)/fh
		if !(x1 > x0 && y1 > y0 && c.score > 0) { // also where a number is NaN
			continue
		}
		label := ""
		if c.class < len(labels) {
			label = labels[c.class]
		}
		out = append(out, signal.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0, Score: min(c.score, 1), Label: label})
	}
	return out
}
