package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// glyphs are the characters of the screen that are more than letters.
type glyphs struct {
	good, warn, bad, none string // marks of health; told apart without colour
	spark                 []string
	more, sep, line       string
	up, tree, last, bar   string
	arrow                 string
}

// unicodeGlyphs are for terminals that show UTF-8.
func unicodeGlyphs() *glyphs {
	return &glyphs{
		good: "●", warn: "▲", bad: "✖", none: "○",
		spark: []string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		more:  "…", sep: "│", line: "─", up: "│ ", tree: "├ ", last: "└ ", bar: "█", arrow: "→",
	}
}

// plainGlyphs are for the others.
func plainGlyphs() *glyphs {
	return &glyphs{
		good: "*", warn: "!", bad: "X", none: "-",
		spark: []string{" ", "_", ".", "-", "=", "+", "#"},
		more:  "~", sep: "|", line: "-", up: "| ", tree: "|-", last: "`-", bar: "#", arrow: ">",
	}
}

// glyphsFor chooses by what the environment says of the terminal's characters.
func glyphsFor(env func(string) string) *glyphs {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env(name)); v != "" {
			if strings.Contains(v, "utf-8") || strings.Contains(v, "utf8") {
				return unicodeGlyphs()
			}
			return plainGlyphs()
		}
	}
	return plainGlyphs()
}

// tone is what a text means, beside what it says: never the only sign of it.
type tone uint8

const (
	plain tone = iota
	dim
	strong
	good
	warn
	bad
	accent
)

// paint gives a text its tone. The sixteen colours are the terminal's own, so that they suit dark and light ones; where there
// are none, bold and faint stay.
func paint(t tone, s string) string {
	if s == "" {
		return s
	}
	st := lipgloss.NewStyle().TabWidth(lipgloss.NoTabConversion)
	switch t {
	case plain:
		return s
	case dim:
		st = st.Faint(true)
	case strong:
		st = st.Bold(true)
	case good:
		st = st.Foreground(lipgloss.Green)
	case warn:
		st = st.Foreground(lipgloss.Yellow).Bold(true)
	case bad:
		st = st.Foreground(lipgloss.Red).Bold(true)
	case accent:
		st = st.Foreground(lipgloss.Cyan).Bold(true)
	}
	return st.Render(s)
}

// chosen marks the line the keys act on.
func chosen(s string) string { return lipgloss.NewStyle().Reverse(true).Render(s) }

// mark is the sign of a tone.
func (g *glyphs) mark(t tone) string {
	switch t {
	case good:
		return paint(t, g.good)
	case warn:
		return paint(t, g.warn)
	case bad:
		return paint(t, g.bad)
	case accent:
		return paint(accent, g.good)
	case plain, dim, strong:
	}
	return paint(dim, g.none)
}
