package report

import (
	"encoding/json"
	"io"

	"rvo.dev/dsl"
)

// Schema names the form of JSON reports. Fields may be added to it; what is there keeps its meaning.
const Schema = "rvo.findings/v1"

// document is the JSON form of a report.
type document struct {
	Schema    string        `json:"schema"`
	Pipelines []string      `json:"pipelines"`
	Errors    int           `json:"errors"`
	Warnings  int           `json:"warnings"`
	Infos     int           `json:"infos"`
	Findings  []dsl.Finding `json:"findings"`
}

// json writes one object.
func (r *Report) json(w io.Writer) error {
	d := document{Schema: Schema, Findings: r.Findings(), Pipelines: []string{}}
	for _, p := range r.Pipelines {
		d.Pipelines = append(d.Pipelines, p.Name)
	}
	if d.Findings == nil {
		d.Findings = []dsl.Finding{}
	}
	d.Errors, d.Warnings, d.Infos = Count(d.Findings)
	return encode(w, d)
}

// Count returns how many findings there are of each severity.
func Count(fs []dsl.Finding) (errors, warnings, infos int) {
	for _, f := range fs {
		switch f.Severity {
		case dsl.Error:
			errors++
		case dsl.Warning:
			warnings++
		case dsl.Info:
			infos++
		}
	}
	return errors, warnings, infos
}

// encode writes v as people can read it too.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
