package tui

import (
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// maxFilter bounds a filter in characters.
const maxFilter = 80

// key does what a key asks for: in the menu, in a question, in a filter, or on a page.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	switch {
	case m.menu != nil:
		return m.menuKey(name)
	case m.ask != nil:
		return m.answer(name)
	case m.typing:
		m.typeKey(name, k.Text)
		return nil
	}
	return m.act(actionOf(name), name)
}

func (m *model) act(a action, name string) tea.Cmd {
	switch a {
	case actQuit:
		if m.proc != nil && !m.exited && !m.stopping {
			m.ask = &question{kind: askQuit}
			return nil
		}
		return m.quit()
	case actHelp:
		m.help, m.scroll = !m.help, 0
	case actBack:
		m.back()
	case actPause:
		m.pause()
	case actPage:
		m.turn(int(name[0] - '1'))
	case actNext:
		m.turn((m.page + 1) % len(pages()))
	case actPrevious:
		m.turn((m.page + len(pages()) - 1) % len(pages()))
	case actUp, actDown, actPageUp, actPageDown, actTop, actBottom:
		m.move(a)
	case actOpen:
		return m.open()
	case actFilter:
		if pages()[m.page].rows != nil && !m.help && !m.detail {
			m.typing = true
		}
	case actMute:
		m.askMute()
	case actSuspend:
		return tea.Suspend
	case noAction:
	}
	return nil
}

// turn goes to a page.
func (m *model) turn(page int) {
	if page < len(pages()) {
		m.page, m.detail, m.help, m.scroll = page, false, false, 0
	}
}

// back closes what is open, the innermost first.
func (m *model) back() {
	switch {
	case m.help:
		m.help = false
	case m.detail:
		m.detail = false
	default:
		m.spots[m.page].filter = ""
	}
	m.scroll = 0
}

// pause holds the screen still, or lets it go on.
func (m *model) pause() {
	if m.held != nil {
		m.held = nil
		return
	}
	m.held = m.data.clone()
}

// move changes the chosen row, or scrolls a text.
func (m *model) move(a action) {
	full := max(1, m.body()-2)
	if m.help || m.detail || pages()[m.page].rows == nil {
		m.scroll = max(0, map[action]int{
			actUp: m.scroll - 1, actDown: m.scroll + 1, actPageUp: m.scroll - full, actPageDown: m.scroll + full, actTop: 0, actBottom: 1 << 20,
		}[a])
		return
	}
	rows := m.rows()
	if len(rows) == 0 {
		return
	}
	s := &m.spots[m.page]
	i := m.chosen(rows)
	i = map[action]int{
		actUp: i - 1, actDown: i + 1, actPageUp: i - full, actPageDown: i + full, actTop: 0, actBottom: len(rows) - 1,
	}[a]
	i = min(max(i, 0), len(rows)-1)
	s.key, s.index = rows[i].key, i
	if pages()[m.page].follow && i == len(rows)-1 {
		s.key = "" // at the end it follows what comes
	}
}

// rows returns the lines of the page, as the filter leaves them.
func (m *model) rows() []row {
	p := pages()[m.page]
	if p.rows == nil {
		return nil
	}
	return filtered(p.rows(m).rows, m.spots[m.page].filter)
}

// chosen returns which of the rows the keys act on.
func (m *model) chosen(rows []row) int {
	s := &m.spots[m.page]
	if s.key == "" {
		if pages()[m.page].follow {
			return max(0, len(rows)-1)
		}
		return 0
	}
	for i := range rows {
		if rows[i].key == s.key {
			s.index = i
			return i
		}
	}
	return min(s.index, max(0, len(rows)-1)) // it is gone: what stands there now
}

// current returns the row the keys act on, nil: there is none.
func (m *model) current() *row {
	rows := m.rows()
	if len(rows) == 0 {
		return nil
	}
	return &rows[m.chosen(rows)]
}

// open shows all that is known of the chosen row.
func (m *model) open() tea.Cmd {
	r := m.current()
	if r == nil || pages()[m.page].detail == nil || m.help || m.detail {
		return nil
	}
	m.spots[m.page].key = r.key
	m.detail, m.scroll = true, 0
	return m.askWhy()
}

// typeKey takes a key while a filter is typed: each letter shows at once what it leaves.
func (m *model) typeKey(name, text string) {
	s := &m.spots[m.page]
	switch name {
	case "enter", "up", "down":
		m.typing = false
	case "esc", "ctrl+c":
		m.typing, s.filter = false, ""
	case "backspace":
		if r := []rune(s.filter); len(r) > 0 {
			s.filter = string(r[:len(r)-1])
		}
	case "ctrl+u":
		s.filter = ""
	default:
		m.paste(text)
	}
}

// paste adds text to a filter.
func (m *model) paste(text string) {
	if !m.typing {
		return
	}
	s := &m.spots[m.page]
	for _, r := range text {
		if unicode.IsPrint(r) && len([]rune(s.filter)) < maxFilter {
			s.filter += string(r)
		}
	}
}
