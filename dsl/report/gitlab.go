package report

import (
	"io"

	"rvo.dev/dsl"
)

// issue is one entry of GitLab's Code Quality report. What is not in here GitLab does not read.
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"` // info, minor, major, critical or blocker
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines lines  `json:"lines"`
}

type lines struct {
	Begin int `json:"begin"`
}

// gitlab writes a list of issues, empty where there are none: GitLab takes a missing report for a broken job.
func (r *Report) gitlab(w io.Writer) error {
	out := []issue{}
	marks := fingerprints{}
	for _, f := range r.Findings() {
		severity := map[dsl.Severity]string{dsl.Error: "major", dsl.Warning: "minor", dsl.Info: "info"}[f.Severity]
		out = append(out, issue{
			Description: f.Code + ": " + r.text(f), CheckName: f.Code, Fingerprint: marks.of(r, f), Severity: severity,
			// A finding about a file as a whole, or about none, needs a line all the same.
			Location: location{Path: r.file(f.Place), Lines: lines{Begin: max(f.Place.Line, 1)}},
		})
	}
	return encode(w, out)
}
