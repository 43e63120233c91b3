package test

import (
	"encoding/json"
	"io"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// FormatVersion is the form of what WriteJSON writes. Fields may be added to it, none goes or changes its meaning.
const FormatVersion = "rvo.test/v1"

type jsonReport struct {
	Version   string         `json:"version"`
	Passed    bool           `json:"passed"`
	Pipelines []jsonPipeline `json:"pipelines"`
}

type jsonPipeline struct {
	Name     string        `json:"name"`
	Findings []dsl.Finding `json:"findings"`
	Tests    []jsonTest    `json:"tests"`
	Coverage *jsonCoverage `json:"coverage,omitempty"`
}

type jsonTest struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Place       dsl.Place     `json:"place"`
	Passed      bool          `json:"passed"`
	Length      string        `json:"length"` // of the test's own time
	Failures    []jsonFailure `json:"failures"`
	Timeline    []jsonLine    `json:"timeline,omitempty"` // of a test that failed
}

type jsonFailure struct {
	Place     dsl.Place  `json:"place"`
	Event     string     `json:"event"`
	Camera    string     `json:"camera,omitempty"`
	State     State      `json:"state"`
	At        string     `json:"at"`
	Message   string     `json:"message"`
	Condition []jsonLeaf `json:"condition,omitempty"`
}

type jsonLeaf struct {
	Path    string        `json:"path"`
	Camera  string        `json:"camera,omitempty"`
	Signal  string        `json:"signal"`
	Test    string        `json:"test,omitempty"`
	Answer  string        `json:"answer"`
	Value   *signal.Value `json:"value,omitempty"`
	Decided bool          `json:"decided,omitempty"`
}

type jsonLine struct {
	At        string     `json:"at"`
	What      string     `json:"what"`
	Text      string     `json:"text"`
	Place     *dsl.Place `json:"place,omitempty"`
	Wrong     bool       `json:"wrong,omitempty"`
	Condition []jsonLeaf `json:"condition,omitempty"`
}

type jsonCoverage struct {
	Seen   int         `json:"seen"`
	Of     int         `json:"of"`
	Events []jsonEvent `json:"events"`
}

type jsonEvent struct {
	Event     string          `json:"event"`
	Place     dsl.Place       `json:"place"`
	Confirmed bool            `json:"confirmed"`
	Ended     bool            `json:"ended"`
	Condition []jsonLeafTried `json:"condition"`
}

type jsonLeafTried struct {
	Path    string    `json:"path"`
	Text    string    `json:"text"`
	Place   dsl.Place `json:"place"`
	Yes     bool      `json:"yes"`
	No      bool      `json:"no"`
	Unknown bool      `json:"unknown"`
}

// WriteJSON writes outcomes as one JSON object.
func WriteJSON(w io.Writer, outcomes []Outcome) error {
	r := jsonReport{Version: FormatVersion, Passed: true, Pipelines: []jsonPipeline{}}
	for i := range outcomes {
		o := &outcomes[i]
		r.Passed = r.Passed && o.Failed() == 0 && !dsl.HasErrors(o.Findings)
		p := jsonPipeline{Name: o.Name, Findings: o.Findings, Tests: []jsonTest{}}
		if p.Findings == nil {
			p.Findings = []dsl.Finding{}
		}
		for n := range o.Results {
			p.Tests = append(p.Tests, testJSON(&o.Results[n]))
		}
		if o.Coverage != nil {
			p.Coverage = coverageJSON(o.Coverage)
		}
		r.Pipelines = append(r.Pipelines, p)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func testJSON(r *Result) jsonTest {
	t := jsonTest{
		Name: r.Test.Name, Description: r.Test.Description, Place: r.Test.Place, Passed: r.Passed(), Length: text(r.Length),
		Failures: []jsonFailure{},
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		t.Failures = append(t.Failures, jsonFailure{
			f.Place, f.Event, f.Camera, f.State, text(f.At), f.Message, leavesJSON(f.Leaves),
		})
	}
	for i := range r.Timeline {
		l := &r.Timeline[i]
		line := jsonLine{At: text(l.At), What: l.What, Text: l.Text, Wrong: l.Wrong, Condition: leavesJSON(l.Leaves)}
		if l.Place != (dsl.Place{}) {
			line.Place = &l.Place
		}
		t.Timeline = append(t.Timeline, line)
	}
	return t
}

func leavesJSON(leaves []event.Leaf) []jsonLeaf {
	var out []jsonLeaf
	for i := range leaves {
		l := &leaves[i]
		j := jsonLeaf{l.Path, l.Camera, l.Signal, l.Test, l.Answer.String(), nil, l.Decided}
		if l.Value.Type() != signal.TypeNone {
			j.Value = &l.Value
		}
		out = append(out, j)
	}
	return out
}

func coverageJSON(c *Coverage) *jsonCoverage {
	out := &jsonCoverage{Events: []jsonEvent{}}
	out.Seen, out.Of = c.Count()
	for i := range c.Events {
		e := &c.Events[i]
		j := jsonEvent{e.Event, e.Place, e.Confirmed, e.Ended, []jsonLeafTried{}}
		for _, l := range e.Leaves {
			j.Condition = append(j.Condition, jsonLeafTried{l.Path, l.Text, l.Place, l.Yes, l.No, l.Unknown})
		}
		out.Events = append(out.Events, j)
	}
	return out
}

func text(d time.Duration) string { return short(tick.Time(d)) }
