package tui

import "strings"

// column is one column of a table.
type column struct {
	title string
	width int  // what it needs; a grow column needs at least that
	right bool // numbers stand at the right
	grow  bool // shares what is left over
	drop  int  // 0: stays; else the larger is left out first where there is no room
}

// row is one line of a table.
type row struct {
	key   string          // what it is, across refreshes
	cells func() []string // one a column, styled or not; asked of rows that are on the screen
	text  string          // what a filter looks into
	mutes *target         // what m mutes, nil: nothing
}

// list is a table and what to say when it is empty.
type list struct {
	columns []column
	rows    []row
	empty   string
}

// layout says how wide each column is in w columns of the screen, 0 for those that are left out.
func layout(cols []column, w int) []int {
	out := make([]int, len(cols))
	shown := make([]bool, len(cols))
	for i := range shown {
		shown[i] = true
	}
	need := func() int {
		n := 0
		for i, c := range cols {
			if shown[i] {
				n += c.width + 1
			}
		}
		return n - 1
	}
	for need() > w {
		worst := -1
		for i, c := range cols {
			if shown[i] && c.drop > 0 && (worst < 0 || c.drop > cols[worst].drop) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		shown[worst] = false
	}
	// What was left out for something wider may fit after all, the most wanted first.
	for rank := range len(cols) {
		for i, c := range cols {
			if !shown[i] && c.drop == rank && need()+c.width+1 <= w {
				shown[i] = true
			}
		}
	}
	growers := 0
	for i, c := range cols {
		if shown[i] {
			out[i] = c.width
			if c.grow {
				growers++
			}
		}
	}
	rest := max(0, w-need())
	for i, c := range cols {
		if shown[i] && c.grow {
			part := rest / growers
			out[i] += part
			rest -= part
			growers--
		}
	}
	return out
}

// line writes one line of cells in w columns.
func line(cols []column, widths []int, cells []string, w int, g *glyphs) string {
	var parts []string
	for i, c := range cols {
		switch {
		case widths[i] == 0:
		case c.right:
			parts = append(parts, fitRight(cells[i], widths[i], g))
		default:
			parts = append(parts, fit(cells[i], widths[i], g))
		}
	}
	return fit(strings.Join(parts, " "), w, g)
}

// head writes the line of titles.
func head(cols []column, widths []int, w int, g *glyphs) string {
	titles := make([]string, len(cols))
	for i, c := range cols {
		titles[i] = c.title
	}
	return paint(dim, line(cols, widths, titles, w, g))
}

// filtered returns the rows whose text holds every word of the filter, whatever their case.
func filtered(rows []row, filter string) []row {
	words := strings.Fields(strings.ToLower(filter))
	if len(words) == 0 {
		return rows
	}
	var out []row
	for _, r := range rows {
		text := strings.ToLower(r.text)
		all := true
		for _, w := range words {
			all = all && strings.Contains(text, w)
		}
		if all {
			out = append(out, r)
		}
	}
	return out
}
