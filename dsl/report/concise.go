package report

import (
	"io"
	"strings"
)

// concise writes one line a finding.
func (r *Report) concise(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings() {
		f.Message = oneLine(f.Message)
		b.WriteString(f.String() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// oneLine keeps a message of several lines from being read as several findings.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
