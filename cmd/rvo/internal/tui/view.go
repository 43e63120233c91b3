package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

const (
	// minWidth and minHeight are the smallest screen that anything is shown on.
	minWidth, minHeight = 40, 8
	// chrome is how many lines of the screen are not the page: title, pages, and the line at the bottom.
	chrome = 3
)

// page is one screen of the program.
type page struct {
	title  string
	rows   func(m *model) list                   // of a table; nil: text
	text   func(m *model, w, h int) []string     // of a page that is no table
	detail func(m *model, r row, w int) []string // of a row; nil: there is no more to say
	follow bool                                  // the newest row is the last, and is followed
}

// pages lists the pages in their order.
func pages() []page {
	return []page{
		{title: "Home", text: (*model).home},
		{title: "Cameras", rows: (*model).cameras, detail: (*model).camera},
		{title: "Detectors", rows: (*model).detectors, detail: (*model).detector},
		{title: "Signals", rows: (*model).signals, detail: (*model).signal},
		{title: "Events", rows: (*model).events, detail: (*model).event},
		{title: "Records", rows: (*model).records, detail: (*model).record},
		{title: "Load", text: (*model).load},
		{title: "Log", rows: (*model).log, detail: (*model).logText, follow: true},
		{title: "Reloads", rows: (*model).reloads, detail: (*model).reload},
	}
}

// logPage returns where the log is.
func logPage() int {
	for i, p := range pages() {
		if p.follow {
			return i
		}
	}
	return 0
}

// body is how many lines a page has.
func (m *model) body() int { return max(1, m.height-chrome) }

// View implements tea.Model.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "rvo"
	return v
}

// screen returns the lines of the screen, each as wide as it.
func (m *model) screen() []string {
	if m.width < minWidth || m.height < minHeight {
		return []string{ansi.Truncate(fmt.Sprintf("needs %dx%d", minWidth, minHeight), max(m.width, 0), "")}
	}
	out := []string{m.title(), ""}
	if m.menu == nil {
		out[1] = m.tabs()
	}
	out = append(out, m.lines()...)
	for len(out) < m.height-1 {
		out = append(out, "")
	}
	out = append(out[:m.height-1], m.foot())
	for i := range out {
		out[i] = fit(out[i], m.width, m.g)
	}
	return out
}

// title says what runs and how it does.
func (m *model) title() string {
	d := m.shown()
	s := &d.state
	if !d.have {
		name := "rvo"
		if m.client != nil {
			name += "  " + clean(m.client.base.Host)
		}
		return paint(strong, name) + "  " + m.link()
	}
	parts := []string{paint(strong, "rvo "+clean(s.Pipeline))}
	link := m.link()
	switch {
	case m.stopping || s.Stopping:
		parts = append(parts, m.g.mark(warn)+" stopping")
	case m.exited:
		parts = append(parts, m.g.mark(bad)+" ended")
	case m.stream == nil: // what was last known is no news
	case !s.Started:
		parts = append(parts, m.g.mark(warn)+" starting")
	case s.Ready:
		parts = append(parts, m.g.mark(good)+" ready")
	default:
		parts = append(parts, paint(bad, m.g.bad+" not ready")+fmt.Sprintf(" (%d)", len(s.Reasons)))
	}
	if link != "" {
		parts = append(parts, link)
	}
	if m.stream != nil {
		parts = append(parts, "up "+span(ms(s.UptimeMS)))
	}
	if p := s.Probation; p != nil && m.stream != nil {
		parts = append(parts, paint(warn, "on probation for "+age(p.UntilMS, s.TimeMS)))
	}
	if m.held != nil {
		parts = append(parts, paint(warn, fmt.Sprintf("PAUSED +%d events", m.data.events.total-m.held.events.total)))
	}
	tail := paint(dim, fmt.Sprintf("gen %d  rev %s", s.Generation, short(s.Revision)))
	if m.width >= 120 && m.client != nil {
		tail = paint(dim, clean(m.client.base.Host)+"  ") + tail
	}
	left := strings.Join(parts, "  ")
	gap := m.width - ansi.StringWidth(left) - ansi.StringWidth(tail)
	if gap < 2 {
		return left
	}
	return left + strings.Repeat(" ", gap) + tail
}

// link says what is wrong with the connection; empty: nothing.
func (m *model) link() string {
	switch {
	case m.menu != nil:
		return ""
	case m.exited && !m.shown().have:
		return m.g.mark(bad) + " ended"
	case m.exited || m.stopping:
		return ""
	case m.stream == nil && m.problem != nil:
		return paint(bad, m.g.bad+" not connected for "+span(m.now.Sub(m.news).Truncate(time.Second)))
	case m.stream == nil:
		return paint(warn, "connecting")
	}
	if quiet := m.now.Sub(m.news); quiet > 3*time.Second {
		return paint(warn, m.g.warn+" no news for "+span(quiet.Truncate(time.Second)))
	}
	return ""
}

// tabs lists the pages with the digits that lead to them.
func (m *model) tabs() string {
	wide := 0
	for _, p := range pages() {
		wide += len(p.title) + 3
	}
	var parts []string
	for i, p := range pages() {
		name := fmt.Sprintf("%d %s", i+1, p.title)
		if i == m.page {
			parts = append(parts, chosen(name))
			continue
		}
		if wide-1 > m.width {
			name = strconv.Itoa(i + 1)
		}
		parts = append(parts, paint(dim, name))
	}
	return strings.Join(parts, " ")
}

// lines returns the body: help, the detail of a row, a text or a table.
func (m *model) lines() []string {
	p := pages()[m.page]
	switch {
	case m.menu != nil:
		return m.menuLines()
	case m.help:
		return m.window(helpLines(m.width))
	case m.detail:
		if r := m.current(); r != nil {
			return m.window(p.detail(m, *r, m.width))
		}
		return []string{"", paint(dim, "  it is gone; esc goes back")}
	case p.text != nil:
		return m.window(p.text(m, m.width, m.body()))
	}
	return m.table(p.rows(m))
}

// window shows as much of a text as there is room for.
func (m *model) window(text []string) []string {
	h := m.body()
	m.scroll = min(m.scroll, max(0, len(text)-h))
	out := text[m.scroll:min(len(text), m.scroll+h)]
	if below := len(text) - m.scroll - h; below > 0 {
		out = append(append([]string(nil), out[:h-1]...), paint(dim, fmt.Sprintf("  %s %s below", m.g.more, count(below+1, "line"))))
	}
	return out
}

// table shows the rows around the chosen one.
func (m *model) table(l list) []string {
	s := &m.spots[m.page]
	rows := filtered(l.rows, s.filter)
	widths := layout(l.columns, m.width-2)
	out := []string{"  " + head(l.columns, widths, m.width-2, m.g)}
	h := m.body() - 1
	if len(rows) == 0 {
		empty := l.empty
		if s.filter != "" && len(l.rows) > 0 {
			empty = fmt.Sprintf("none of %d lines holds these words", len(l.rows))
		}
		return append(out, "", paint(dim, "  "+empty))
	}
	at := m.chosen(rows)
	s.top = min(max(s.top, at-h+1), at)
	s.top = max(0, min(s.top, len(rows)-h))
	for i := s.top; i < min(len(rows), s.top+h); i++ {
		text := line(l.columns, widths, rows[i].cells(), m.width-2, m.g)
		if i == at {
			out = append(out, chosen(fit("> "+ansi.Strip(text), m.width, m.g)))
			continue
		}
		out = append(out, "  "+text)
	}
	return out
}

// foot is the line at the bottom: a question, a filter, a notice, what is wrong, or the keys.
func (m *model) foot() string {
	s := &m.spots[m.page]
	switch {
	case m.menu != nil:
		return paint(dim, "up/down choose   enter start   q quit")
	case m.ask != nil:
		return paint(accent, m.ask.text())
	case m.typing:
		return "/" + s.filter + chosen(" ") + paint(dim, "   enter keeps it, esc ends it")
	case m.notice != "":
		return paint(m.tone, m.notice)
	case m.stream == nil && m.problem != nil && !m.exited:
		return paint(bad, clean(m.problem.Error())) + paint(dim, "; asking again")
	}
	var parts []string
	for _, b := range bindings() {
		if b.foot != "" {
			parts = append(parts, b.foot)
		}
	}
	out := paint(dim, strings.Join(parts, "  "))
	if s.filter != "" && !m.detail && !m.help {
		out = paint(accent, "filter: "+s.filter) + paint(dim, "  (esc ends it)   ") + out
	}
	if d := m.shown(); d.lost > 0 {
		out = paint(warn, fmt.Sprintf("%d messages missed   ", d.lost)) + out
	}
	return out
}

// helpLines is the help.
func helpLines(int) []string {
	out := []string{"", paint(strong, "  Keys"), ""}
	for _, b := range bindings() {
		out = append(out, fmt.Sprintf("  %-20s %s", b.show, b.does))
	}
	return append(out, "", paint(strong, "  Pages"), "",
		"  Home       how all does: what is not ready, detectors, signals, counts, last events",
		"  Cameras    state, rate and age of pictures, pictures dropped by cause",
		"  Detectors  runs a second over the last minute, cost learned and declared, skips by cause",
		"  Signals    newest value, how old it is, and whether it may still decide",
		"  Events     state of each event; enter: why it fires or not, leaf by leaf",
		"  Records    what was told of events, the newest first",
		"  Load       runs not started and pictures dropped by cause, every queue",
		"  Log        what the program wrote, the newest last",
		"  Reloads    changes of the pipeline while it runs",
		"", paint(strong, "  Marks"), "",
		"  good, warning, bad and unknown differ in their sign, not in colour alone",
	)
}

// ms makes a duration of milliseconds.
func ms(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }

// short is as much of a hash as people compare.
func short(hash string) string { return clean(hash[:min(12, len(hash))]) }
