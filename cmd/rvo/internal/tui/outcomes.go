package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	// askReloads is how often the reloads are asked for while they are looked at; elsewhere ten times less often, for a
	// refused file is told on the first page.
	askReloads = 3 * time.Second
	restReload = 10
)

// outcomes is what the server says of reloads, as far as it is shown: GET /api/v1/reloads.
type outcomes struct {
	Rejected *attempt  `json:"rejected"` // what is in the files now and does not run
	Reloads  []attempt `json:"reloads"`  // the newest first
}

// attempt is one reload, or one that was refused.
type attempt struct {
	Result     string    `json:"result"`
	Trigger    string    `json:"trigger"`
	At         time.Time `json:"at"`
	Generation uint64    `json:"generation"`
	Revision   string    `json:"revision"`
	Error      string    `json:"error"`
	Node       string    `json:"node"`
	Step       string    `json:"step"`
	Findings   []finding `json:"findings"`
	Counts     struct {
		Keep, Retune, Replace, Add, Remove int
	} `json:"counts"`
	Seconds struct{ Wait, Read, Prepare, Commit, Total float64 } `json:"seconds"`
}

// finding is a fault of a pipeline, as rvo vet tells it.
type finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
	Place    struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Col  int    `json:"col"`
	} `json:"place"`
}

// gotReloads is the answer of the server.
type gotReloads struct {
	outcomes outcomes
	err      error
}

// askForReloads asks for the reloads where it is time to.
func (m *model) askForReloads() tea.Cmd {
	rest := askReloads
	if pages()[m.page].title != "Reloads" && m.data.state.Generation == m.reloadsOf {
		rest *= restReload
	}
	if m.stream == nil || m.noReloads || m.now.Sub(m.reloadsAt) < rest {
		return nil
	}
	m.reloadsAt, m.reloadsOf = m.now, m.data.state.Generation
	ctx, c := m.ctx, m.client
	return func() tea.Msg {
		var got gotReloads
		got.err = c.get(ctx, "/api/v1/reloads", &got.outcomes)
		return got
	}
}

// onReloads takes the answer. A server that cannot reload has no such path, and is not asked again.
func (m *model) onReloads(got gotReloads) {
	if isNotFound(got.err) {
		m.noReloads = true
	}
	if got.err == nil {
		m.data.tried = got.outcomes
	}
}

// place writes where a finding is, as compilers do.
func (f *finding) place() string {
	if f.Place.File == "" {
		return ""
	}
	return clean(fmt.Sprintf("%s:%d:%d", f.Place.File, f.Place.Line, f.Place.Col))
}

// why says in a line what an attempt failed of.
func (a *attempt) why() string {
	for i := range a.Findings {
		if f := &a.Findings[i]; f.Severity == "error" {
			return clean(f.Message) + " [" + clean(f.Code) + "]"
		}
	}
	switch {
	case a.Node != "" && a.Error != "":
		return clean(a.Node) + ": " + clean(a.Error)
	case a.Error != "":
		return clean(a.Error)
	}
	return clean(a.Node)
}

// refusedFile says on the first page that what is in the files is not what runs.
func (m *model) refusedFile(w int) []string {
	r := m.shown().tried.Rejected
	if r == nil {
		return nil
	}
	text := "  " + m.g.mark(warn) + " " + paint(strong, "the files are refused") + "  " + r.why() + paint(dim, "; page 9")
	return []string{fit(text, w, m.g)}
}
