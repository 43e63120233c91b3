package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"rvo.dev/dsl"
)

// github writes one workflow command a finding:
//
//	::error file=a.cue,line=3,col=2,title=RVO002::message
//
// GitHub shows ten errors, ten warnings and ten notices of a step beside the code, the rest in the log alone.
func (r *Report) github(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings() {
		command := map[dsl.Severity]string{dsl.Error: "error", dsl.Warning: "warning", dsl.Info: "notice"}[f.Severity]
		var at []string
		add := func(key, value string) { at = append(at, key+"="+escapeProperty(value)) }
		if f.Place.File != "" {
			add("file", r.file(f.Place))
		}
		if f.Place.Line > 0 {
			add("line", strconv.Itoa(f.Place.Line))
		}
		if f.Place.Col > 0 {
			add("col", strconv.Itoa(column(f)))
		}
		add("title", f.Code)
		fmt.Fprintf(&b, "::%s %s::%s\n", command, strings.Join(at, ","), escapeData(r.text(f)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// escapeData escapes the text of a workflow command, which ends with its line.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty escapes a value before the text: there commas separate and colons end.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
