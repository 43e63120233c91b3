package draw

import (
	"cmp"
	"slices"
	"strings"
)

// The measures of a drawing, in pixels.
const (
	boxHeight  = 44
	rowGap     = 18
	columnGap  = 120
	margin     = 20
	letter     = 7 // of the font that SVG asks for, on average
	padding    = 12
	shortest   = 70
	sweeps     = 8 // orders settle within a few; more change nothing
	lineHeight = 16
)

// box is where a node is drawn.
type box struct {
	x, y, w, h int
	column     int
}

// layout places the nodes in columns from left to right: an edge always leads to a later one. Graphs of pipelines are
// layered by nature (cameras, detectors by what they need, events, what becomes of them), so a library that can lay out
// any graph, of which those in Go carry Graphviz or a browser along, has nothing to add.
func (p *Picture) layout() (boxes map[string]*box, width, height int) {
	boxes = map[string]*box{}
	column := p.columns()
	var columns [][]string
	for _, n := range p.Nodes {
		c := column[n.ID]
		for len(columns) <= c {
			columns = append(columns, nil)
		}
		columns[c] = append(columns[c], n.ID)
		b := &box{column: c, w: shortest, h: boxHeight}
		for _, line := range n.lines() {
			b.w = max(b.w, len([]rune(line))*letter+2*padding)
		}
		boxes[n.ID] = b
	}
	p.order(columns)
	tallest := 0
	for _, ids := range columns {
		tallest = max(tallest, len(ids)*(boxHeight+rowGap)-rowGap)
	}
	x := margin
	for _, ids := range columns {
		widest := 0
		for _, id := range ids {
			widest = max(widest, boxes[id].w)
		}
		y := margin + (tallest-(len(ids)*(boxHeight+rowGap)-rowGap))/2
		for _, id := range ids {
			b := boxes[id]
			b.x, b.y, b.w = x, y, widest
			y += boxHeight + rowGap
		}
		if len(ids) > 0 {
			x += widest + columnGap
		}
	}
	return boxes, max(x-columnGap, 0) + margin, max(tallest, 0) + 2*margin
}

// columns returns the column of each node: cameras first, a detector behind all it depends on, then events, then what
// becomes of them.
func (p *Picture) columns() map[string]int {
	column := map[string]int{}
	last := 0
	for _, n := range p.Nodes {
		if n.Role == "detector" {
			column[n.ID] = 1 // also one that looks at no picture
		}
	}
	// A pipeline's dependencies have no cycle, so as many rounds as there are nodes suffice.
	for range p.Nodes {
		changed := false
		for _, e := range p.Edges {
			if to := column[e.From] + 1; isDetector(e.To) && column[e.To] < to {
				column[e.To], changed = to, true
			}
		}
		if !changed {
			break
		}
	}
	for _, n := range p.Nodes {
		last = max(last, column[n.ID])
	}
	for _, n := range p.Nodes {
		switch n.Role {
		case "event":
			column[n.ID] = last + 1
		case "evidence", "sink":
			column[n.ID] = last + 2
		}
	}
	return column
}

func isDetector(id string) bool { return strings.HasPrefix(id, "detector/") }

// order moves nodes within their columns to where their neighbours are, from left to right and back, which untangles most
// edges.
func (p *Picture) order(columns [][]string) {
	at := map[string]float64{}
	number := func() {
		for _, ids := range columns {
			for i, id := range ids {
				at[id] = float64(i) - float64(len(ids)-1)/2
			}
		}
	}
	neighbours := map[string][]string{}
	for _, e := range p.Edges {
		neighbours[e.From] = append(neighbours[e.From], e.To)
		neighbours[e.To] = append(neighbours[e.To], e.From)
	}
	number()
	for sweep := range sweeps {
		for i := range columns {
			if sweep%2 == 1 {
				i = len(columns) - 1 - i
			}
			want := map[string]float64{}
			for _, id := range columns[i] {
				want[id] = at[id]
				if n := neighbours[id]; len(n) > 0 {
					sum := 0.0
					for _, other := range n {
						sum += at[other]
					}
					want[id] = sum / float64(len(n))
				}
			}
			slices.SortStableFunc(columns[i], func(a, b string) int { return cmp.Compare(want[a], want[b]) })
			number()
		}
	}
}
