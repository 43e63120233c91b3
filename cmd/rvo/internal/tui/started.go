package tui

import (
	"errors"
	"fmt"
	"io"
	"os/exec"

	tea "charm.land/bubbletea/v2"
)

// begin starts the pipeline that the menu was about.
func (m *model) begin() tea.Cmd {
	p, err := m.launch()
	if err != nil {
		m.menu.err = err.Error()
		return nil
	}
	m.menu, m.proc = nil, p
	return tea.Batch(m.readLines(), func() tea.Msg { return ended{p.wait()} })
}

// readLines waits for what the started rvo writes.
func (m *model) readLines() tea.Cmd {
	p := m.proc
	return func() tea.Msg {
		var w wrote
		for len(w.lines) < batch {
			text, err := p.line()
			if errors.Is(err, io.EOF) || err != nil {
				_ = p.out.Close()
				return w
			}
			w.lines = append(w.lines, text)
			if p.lines.Buffered() == 0 {
				break
			}
		}
		return w
	}
}

// onLines takes lines of the started rvo's log, and connects once it says where it serves. No lines: there will be no more.
func (m *model) onLines(lines []string) tea.Cmd {
	if len(lines) == 0 {
		return nil
	}
	next := m.readLines()
	for _, text := range lines {
		l, address := parseLine(text)
		if l.at.IsZero() {
			l.at = m.now
		}
		m.data.lines.add(l)
		if address == "" || m.client != nil {
			continue
		}
		c, err := newClient(address, m.proc.token)
		if err != nil {
			m.say(bad, err.Error())
			continue
		}
		m.client = c
		next = tea.Batch(next, m.connect())
	}
	return next
}

// onEnd takes the end of the started rvo. One that was asked to end takes the program with it; of one that ended by itself the
// screen says why.
func (m *model) onEnd(err error) tea.Cmd {
	m.exited, m.exitErr = true, err
	if m.stopping {
		return tea.Quit
	}
	if err == nil {
		m.say(plain, "the run has ended: every file was played, or it was asked to end; q quits")
		return nil
	}
	m.say(bad, fmt.Sprintf("the run has ended (%v): the log says why; q quits", err))
	m.page, m.detail, m.help = logPage(), false, false
	return nil
}

// quit ends the program, and first the rvo that it started; asked again while that drains it ends that at once.
func (m *model) quit() tea.Cmd {
	if m.proc == nil || m.exited {
		return tea.Quit
	}
	if m.stopping {
		// The second signal, after which rvo run does not wait for anything.
		_ = m.proc.stop()
		return nil
	}
	m.stopping = true
	m.say(warn, "stopping: clips and records are written; q again ends at once")
	if err := m.proc.stop(); err != nil {
		m.failed = err
		return tea.Quit
	}
	return nil
}

// exitCode returns what the started rvo ended with.
func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	if err != nil {
		return 2
	}
	return 0
}
