package draw

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// svg writes a drawing: colours for a light page, and a title on each node and edge for whoever cannot see it.
func (p *Picture) svg(w io.Writer) error {
	boxes, width, height := p.layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escape(p.Pipeline))
	b.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#667"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	arrives := p.arrivals(boxes)
	for i, e := range p.Edges {
		from, to := boxes[e.From], boxes[e.To]
		if from == nil || to == nil {
			continue
		}
		x1, y1, x2, y2 := from.x+from.w, from.y+from.h/2, to.x, arrives[i]
		bend := (x2 - x1) / 2
		dash := ""
		if e.Kind == Gate {
			dash = ` stroke-dasharray="5,4"`
		}
		fmt.Fprintf(&b, `<path d="M%d,%d C%d,%d %d,%d %d,%d" fill="none" stroke="#667"%s marker-end="url(#arrow)"><title>%s to %s: %s</title></path>`+"\n",
			x1, y1, x1+bend, y1, x2-bend, y2, x2, y2, dash, escape(e.From), escape(e.To), escape(strings.TrimSpace(e.Kind+" "+strings.Join(e.Signals, ", "))))
		if l := e.label(); l != "" {
			// Beside the arrow's head, where edges have parted.
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" font-size="10" fill="#445">%s</text>`+"\n", x2-10, y2-4, escape(cut(l, columnGap/6)))
		}
	}
	colours := map[string]string{"camera": "#dbeafe", "detector": "#dcfce7", "event": "#fee2e2", "evidence": "#fef3c7", "sink": "#ede9fe"}
	for _, n := range p.Nodes {
		x := boxes[n.ID]
		fmt.Fprintf(&b, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="%s" stroke="#334"/>`,
			escape(strings.TrimSpace(n.ID+" "+n.Detail)), x.x, x.y, x.w, x.h, colours[n.Role])
		lines := n.lines()
		for i, line := range lines {
			weight := ""
			if i == 0 {
				weight = ` font-weight="bold"`
			}
			y := x.y + x.h/2 + i*lineHeight - (len(lines)-1)*lineHeight/2 + 4
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle"%s>%s</text>`, x.x+x.w/2, y, weight, escape(line))
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// arrivals returns where each edge meets the side of the box it leads to: one below the other, in the order of where they come
// from, so that neither they nor their labels cover each other.
func (p *Picture) arrivals(boxes map[string]*box) []int {
	into := map[string][]int{}
	for i, e := range p.Edges {
		if boxes[e.From] != nil && boxes[e.To] != nil {
			into[e.To] = append(into[e.To], i)
		}
	}
	out := make([]int, len(p.Edges))
	for to, edges := range into {
		slices.SortStableFunc(edges, func(a, b int) int { return cmp.Compare(boxes[p.Edges[a].From].y, boxes[p.Edges[b].From].y) })
		for k, i := range edges {
			out[i] = boxes[to].y + boxes[to].h*(k+1)/(len(edges)+1)
		}
	}
	return out
}

// cut shortens a text to so many letters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
