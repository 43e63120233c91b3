// Package report writes what vet found in the forms that people, editors and other programs read.
//
//	format, err := report.Parse("auto", os.Getenv)
//	r := report.Report{Pipelines: pipelines, Rules: rules, Version: "1.2.0"}
//	err = r.Write(os.Stdout, format)
//
// One type of finding, many printers, one file each. None of them judges, drops or reorders: what is an error in one form is
// one in all. The package reads no file and starts no goroutine.
package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"rvo.dev/dsl"
)

// Format is a form of a report.
type Format string

const (
	// Text is for people: places, source lines with a caret, hints.
	Text Format = "text"
	// Concise is one line a finding, for editors and problem matchers: "file:line:col: error[RVO002]: message".
	Concise Format = "concise"
	// JSON is one object, described by findings.schema.json in package schema.
	JSON Format = "json"
	// SARIF is the Static Analysis Results Interchange Format 2.1.0.
	SARIF Format = "sarif"
	// GitHub is workflow commands: GitHub shows them beside the changed lines.
	GitHub Format = "github"
	// GitLab is a Code Quality report.
	GitLab Format = "gitlab"
	// JUnit is XML in the form of JUnit: one suite a pipeline.
	JUnit Format = "junit"
)

// Formats lists all formats, the one for people first.
func Formats() []Format { return []Format{Text, Concise, JSON, SARIF, GitHub, GitLab, JUnit} }

// Parse returns the format with this name. "auto" is GitHub where the environment is that of a GitHub workflow, else Text.
func Parse(name string, env func(string) string) (Format, error) {
	if name == "auto" {
		if env("GITHUB_ACTIONS") == "true" {
			return GitHub, nil
		}
		return Text, nil
	}
	if slices.Contains(Formats(), Format(name)) {
		return Format(name), nil
	}
	names := []string{"auto"}
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("format %q is not known: %s", name, dsl.DidYouMean(name, names, "there are"))
}

// Machine reports whether a format is for programs: it goes to standard output, and nothing else may.
func (f Format) Machine() bool { return f != Text }

// Rule says what a code means.
type Rule struct {
	Code    string
	Name    string // a few words
	Doc     string // in full: why it is wrong
	Example string // a pipeline that gets it; may be empty
	Cure    string // the same pipeline, mended; may be empty
}

// Pipeline is what was found in one pipeline.
type Pipeline struct {
	// Name is what the user named it by: paths, separated by blanks.
	Name     string
	Findings []dsl.Finding
}

// Report is what was found in all pipelines of one call.
type Report struct {
	Pipelines []Pipeline
	// Rules explain codes; a code without one is reported without explanation.
	Rules []Rule
	// Version is that of the program.
	Version string
	// Root is the folder that the reader of the report takes for the root of the sources, and Dir the one that the findings'
	// places are relative to, both absolute. With an empty Root places stay as they are; people read them so in any case.
	Root, Dir string
	// Deny says that warnings count as faults, where a format tells faults from remarks.
	Deny bool
	// Max is how many findings Text prints; 0 prints all.
	Max int
}

// Findings returns those of all pipelines, sorted, what several say once.
func (r *Report) Findings() []dsl.Finding {
	var out []dsl.Finding
	for _, p := range r.Pipelines {
		out = append(out, p.Findings...)
	}
	return dsl.Sort(out)
}

// Write prints the report.
func (r *Report) Write(w io.Writer, f Format) error {
	switch f {
	case Text:
		return dsl.WriteText(w, r.Findings(), r.Max)
	case Concise:
		return r.concise(w)
	case JSON:
		return r.json(w)
	case SARIF:
		return r.sarif(w)
	case GitHub:
		return r.github(w)
	case GitLab:
		return r.gitlab(w)
	case JUnit:
		return r.junit(w)
	}
	return fmt.Errorf("no format %q", f)
}

// rule returns what a code means.
func (r *Report) rule(code string) (Rule, bool) {
	i := slices.IndexFunc(r.Rules, func(x Rule) bool { return x.Code == code })
	if i < 0 {
		return Rule{Code: code, Name: code}, false
	}
	return r.Rules[i], true
}

// file returns the file of a place as the reader of the report names it, with slashes.
func (r *Report) file(p dsl.Place) string {
	file := p.File
	if r.Root == "" || file == "" {
		return filepath.ToSlash(file)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(r.Dir, file)
	}
	if rel, err := filepath.Rel(r.Root, file); err == nil && filepath.IsLocal(rel) {
		file = rel
	}
	return filepath.ToSlash(file)
}

// text is a finding as prose: message, related places, hint.
func (r *Report) text(f dsl.Finding) string {
	var b strings.Builder
	b.WriteString(f.Message)
	for _, x := range f.Related {
		fmt.Fprintf(&b, "\n%s: %s", x.Place, x.Message)
	}
	if f.Hint != "" {
		b.WriteString("\nhint: " + f.Hint)
	}
	return b.String()
}
