package report

import (
	"unicode/utf8"

	"rvo.dev/dsl"
)

// column returns the column of a finding in characters from 1, as these formats count, where Place counts bytes. Without
// its source line a finding keeps what it has.
func column(f dsl.Finding) int {
	if n := f.Place.Col - 1; n > 0 && n <= len(f.Line) {
		return utf8.RuneCountInString(f.Line[:n]) + 1
	}
	return f.Place.Col
}
