package tui

import "strings"

// historyLen is how many samples a small graph goes back: a minute at two a second.
const historyLen = 120

// history is the last samples of one number, the newest last.
type history struct {
	at   [historyLen]float32
	n    int
	next int
}

func (h *history) add(v float64) {
	h.at[h.next] = float32(v)
	h.next = (h.next + 1) % historyLen
	h.n = min(h.n+1, historyLen)
}

// last returns the i-th newest sample, 0 being the newest.
func (h *history) last(i int) float64 {
	return float64(h.at[(h.next-1-i+2*historyLen)%historyLen])
}

// top returns the largest sample.
func (h *history) top() float64 {
	var top float64
	for i := range h.n {
		top = max(top, h.last(i))
	}
	return top
}

// graph draws the history in w columns, the newest at the right. Where there are more samples than columns a column shows
// the largest of its samples, so that a peak is not lost. top is what fills a column; 0: the largest there is.
func (h *history) graph(w int, top float64, g *glyphs) string {
	if w <= 0 {
		return ""
	}
	if top <= 0 {
		top = h.top()
	}
	each := max(1, (historyLen+w-1)/w)
	levels := len(g.spark) - 1
	var b strings.Builder
	for col := w - 1; col >= 0; col-- {
		from := col * each
		if from >= h.n {
			b.WriteByte(' ')
			continue
		}
		var v float64
		for i := from; i < min(from+each, h.n); i++ {
			v = max(v, h.last(i))
		}
		// The lowest bar is nothing that happened, which is not the same as nothing known; what is little is above it.
		level := 1
		if top > 0 && v > 0 {
			level = min(levels, max(2, int(v/top*float64(levels)+0.5)))
		}
		b.WriteString(g.spark[level])
	}
	return b.String()
}
