package tui

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// maxText bounds one text that is shown, in bytes: an error message may hold a whole page.
const maxText = 2000

// clean makes a text from elsewhere safe to show on one line: no control characters, which the terminal would obey, none
// that turn the direction of writing, and not without end.
func clean(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// fit cuts or fills a text, which may be styled, to exactly w columns.
func fit(s string, w int, g *glyphs) string {
	if w <= 0 {
		return ""
	}
	n := ansi.StringWidth(s)
	if n > w {
		s = ansi.Truncate(s, w, g.more)
		n = ansi.StringWidth(s)
	}
	return s + strings.Repeat(" ", max(0, w-n))
}

// fitRight is fit with the text at the right.
func fitRight(s string, w int, g *glyphs) string {
	n := ansi.StringWidth(s)
	if n >= w {
		return fit(s, w, g)
	}
	return strings.Repeat(" ", w-n) + s
}

// number writes a count in at most six columns: 9999, 12.3k, 4.5M.
func number[N uint64 | int | int64](n N) string {
	switch f := float64(n); {
	case f < 10_000:
		return fmt.Sprint(n)
	case f < 999_950:
		return fmt.Sprintf("%.1fk", f/1e3)
	case f < 999_950_000:
		return fmt.Sprintf("%.1fM", f/1e6)
	default:
		return fmt.Sprintf("%.1fG", f/1e9)
	}
}

// span writes a duration in at most six columns, as precise as people look at it: 350us, 4.2ms, 1.5s, 3m20s, 2h05m, 4d03h, 120d.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d == 0:
		return "0s"
	case d < time.Millisecond:
		return fmt.Sprintf("%dus", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60), "00s")
	case d < 24*time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60), "00m")
	case d >= 100*24*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	default:
		return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// bytesOf writes an amount of memory.
func bytesOf(n uint64) string {
	switch f := float64(n); {
	case n < 1<<10:
		return fmt.Sprintf("%dB", n)
	case n < 1<<20:
		return fmt.Sprintf("%.0fKiB", f/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.0fMiB", f/(1<<20))
	default:
		return fmt.Sprintf("%.1fGiB", f/(1<<30))
	}
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
