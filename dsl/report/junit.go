package report

import (
	"encoding/xml"
	"io"

	"rvo.dev/dsl"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Cases    []testcase `xml:"testcase"`
}

type testcase struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	File    string   `xml:"file,attr,omitempty"`
	Line    int      `xml:"line,attr,omitempty"`
	Failure *failure `xml:"failure"`
	Output  string   `xml:"system-out,omitempty"`
}

type failure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit writes a suite for each pipeline and a case for each finding in it. Errors, and warnings where they are denied, are
// failures; what else was found is output of a case that passed, and so is a pipeline without a finding.
func (r *Report) junit(w io.Writer) error {
	all := suites{Name: "rvo vet"}
	for _, p := range r.Pipelines {
		s := suite{Name: p.Name}
		for _, f := range dsl.Sort(p.Findings) {
			c := testcase{Name: f.Code + " " + oneLine(f.Message), Class: p.Name, File: r.file(f.Place), Line: f.Place.Line}
			text := f.Place.String() + ": " + r.text(f)
			if f.Severity == dsl.Error || r.Deny && f.Severity == dsl.Warning {
				c.Failure = &failure{Type: f.Code, Message: oneLine(f.Message), Text: text}
				s.Failures++
			} else {
				c.Output = text
			}
			s.Cases = append(s.Cases, c)
		}
		if len(s.Cases) == 0 {
			s.Cases = []testcase{{Name: "vet", Class: p.Name}}
		}
		s.Tests = len(s.Cases)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
