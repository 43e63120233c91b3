package dsl

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteText prints findings for people: one line each with place, severity and code, then related places, the source
// line with a caret and the hint. It prints at most max of them, then how many are left; 0 prints all.
func WriteText(w io.Writer, fs []Finding, max int) error {
	var b strings.Builder
	for i, f := range fs {
		if max > 0 && i == max {
			fmt.Fprintf(&b, "… and %d more\n", len(fs)-max)
			break
		}
		b.WriteString(f.String() + "\n")
		if f.Line != "" {
			fmt.Fprintf(&b, "    %s\n    %s^\n", visible(f.Line), indent(f.Line, f.Place.Col))
		}
		for _, r := range f.Related {
			fmt.Fprintf(&b, "  %s: %s\n", r.Place, r.Message)
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", f.Hint)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String returns the finding on one line, for editors: "file:line:col: error[RVO002]: message".
func (f Finding) String() string {
	place := ""
	if f.Place != (Place{}) {
		place = f.Place.String() + ": "
	}
	return fmt.Sprintf("%s%s[%s]: %s", place, f.Severity, f.Code, f.Message)
}

// visible returns a source line with a mark for each character that a terminal would obey instead of showing it.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, line)
}

// indent returns blanks as wide as the line is before column col, tabs kept.
func indent(line string, col int) string {
	before := line[:min(max(col-1, 0), len(line))]
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
}
