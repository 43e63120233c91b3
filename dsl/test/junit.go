package test

import (
	"encoding/xml"
	"io"
	"strings"

	"rvo.dev/dsl"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
}

type junitMessage struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes outcomes in the form of JUnit: a suite for each pipeline, a case for each test, and one with an error
// for each finding at error level, of a pipeline or a test that cannot be run.
func WriteJUnit(w io.Writer, outcomes []Outcome) error {
	all := junitSuites{Name: "rvo test"}
	for i := range outcomes {
		s := outcomes[i].junit()
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
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

func (o *Outcome) junit() junitSuite {
	s := junitSuite{Name: o.Name}
	for _, f := range o.Findings {
		if f.Severity == dsl.Error {
			s.Errors++
			s.Cases = append(s.Cases, junitCase{
				Name: f.Code + " " + f.Message, Class: o.Name, File: f.Place.File, Line: f.Place.Line,
				Error: &junitMessage{Type: f.Code, Message: f.Message, Text: f.Place.String() + ": " + f.Message},
			})
		}
	}
	for i := range o.Results {
		r := &o.Results[i]
		c := junitCase{Name: r.Test.Name, Class: o.Name, File: r.Test.Place.File, Line: r.Test.Place.Line}
		if !r.Passed() {
			s.Failures++
			var b strings.Builder
			writeFailed(&b, r)
			c.Failure = &junitMessage{Type: string(r.Failures[0].State), Message: r.Failures[0].Message, Text: b.String()}
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	return s
}
