package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// Choice is something a pipeline can be started with: its own cameras, or a camera of this machine.
type Choice struct {
	// Name is what it is called.
	Name string
	// Note says more about it; may be empty.
	Note string
	// Args are what rvo run is given for it.
	Args []string
	// Detectors are those it runs, one a line.
	Detectors []string
}

// Menu is what is shown before a pipeline is started.
type Menu struct {
	// Pipeline is its path or name.
	Pipeline string
	// Choices are the cameras, at least one.
	Choices []Choice
	// Warnings are what vet says of it.
	Warnings []string
}

// menu is the first screen of a pipeline that is to be started.
type menu struct {
	Menu
	at  int
	err string // why it did not start
}

func (m *model) menuKey(key string) tea.Cmd {
	n := m.menu
	switch key {
	case "up", "k":
		n.at = max(0, n.at-1)
	case "down", "j":
		n.at = min(len(n.Choices)-1, n.at+1)
	case "home", "g":
		n.at = 0
	case "end", "G":
		n.at = len(n.Choices) - 1
	case "enter":
		return m.begin()
	case "q", "esc", "ctrl+c":
		return tea.Quit
	}
	return nil
}

// menuLines shows cameras at the left, detectors at the right.
func (m *model) menuLines() []string {
	n := m.menu
	out := []string{"", heading("Start " + clean(n.Pipeline)), ""}
	if n.err != "" {
		out = append(out, "  "+paint(bad, m.g.bad+" "+clean(n.err)), "")
	}
	half := m.width / 2
	h := max(2, m.body()-len(out)-min(4, len(n.Warnings)+1))
	left := []string{paint(strong, "Cameras")}
	top := max(0, min(n.at-h+3, len(n.Choices)-h+1))
	for i := top; i < min(len(n.Choices), top+h-1); i++ {
		c := n.Choices[i]
		text := clean(c.Name)
		if c.Note != "" {
			text += "  " + clean(c.Note)
		}
		if i == n.at {
			left = append(left, chosen(fit("> "+text, half-4, m.g)))
			continue
		}
		left = append(left, "  "+text)
	}
	ds := n.Choices[n.at].Detectors
	right := cut(count(len(ds), "detector"), len(ds), h, "", func(i int) string { return clean(ds[i]) })
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		out = append(out, "  "+fit(l, half-4, m.g)+"  "+r)
	}
	if len(n.Warnings) > 0 {
		out = append(out, "")
	}
	for i, w := range n.Warnings {
		if i == 2 && len(n.Warnings) > 3 {
			out = append(out, paint(dim, fmt.Sprintf("  and %d more: rvo vet tells", len(n.Warnings)-i)))
			break
		}
		out = append(out, "  "+m.g.mark(warn)+" "+clean(w))
	}
	return out
}
