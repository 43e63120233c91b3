package dsl

import (
	"slices"
	"strings"
)

// Nearest returns the name closest to what was written, if one is close enough to have been meant: at most one edit
// (insert, delete, replace, swap of neighbours) and one more for every four letters. Case does not count. Ties go to
// the first in alphabetical order.
func Nearest(written string, names []string) (string, bool) {
	limit := 1 + len([]rune(written))/4
	best, found := "", false
	for _, name := range slices.Sorted(slices.Values(names)) {
		d := distance(strings.ToLower(written), strings.ToLower(name))
		// Two names that share nothing are within reach of each other when both are short.
		if d <= limit && d < max(len([]rune(written)), len([]rune(name))) {
			limit, best, found = d-1, name, true
		}
	}
	return best, found
}

// DidYouMean returns a hint that names the nearest of names, or all of them where none is near.
func DidYouMean(written string, names []string, otherwise string) string {
	if near, ok := Nearest(written, names); ok {
		return "did you mean " + near + "?"
	}
	if len(names) == 0 {
		return ""
	}
	return otherwise + " " + List(names)
}

// List returns the names in alphabetical order, separated by commas, cut short after twenty.
func List(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	return strings.Join(names, ", ")
}

// distance is the number of edits from a to b, a swap of neighbours counting as one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
