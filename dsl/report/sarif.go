package report

import (
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"rvo.dev/dsl"
)

// The names of SARIF 2.1.0 that rvo uses, in the order of the standard's sections.
const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sourceRoot   = "%SRCROOT%"
	homepage     = "https://rvo.dev"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	ColumnKind  string            `json:"columnKind"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Short         sarifMessage   `json:"shortDescription"`
	Full          sarifMessage   `json:"fullDescription"`
	Help          sarifMessage   `json:"help"`
	Configuration sarifRuleLevel `json:"defaultConfiguration"`
}

type sarifRuleLevel struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	Successful bool `json:"executionSuccessful"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Fixes        []sarifFix        `json:"fixes,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	Message  *sarifMessage  `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
}

type sarifFix struct {
	Description sarifMessage  `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion  `json:"deletedRegion"`
	Inserted sarifContent `json:"insertedContent"`
}

type sarifContent struct {
	Text string `json:"text"`
}

// sarif writes one run. Rules are those of the codes that were found; a result's fingerprint is that of its place in the
// pipeline, so that a platform which keeps alerts over time knows one again whose line has moved.
func (r *Report) sarif(w io.Writer) error {
	findings := r.Findings()
	rules, index := r.sarifRules(findings)
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "rvo", Version: r.Version, InformationURI: homepage, Rules: rules}},
		Invocations: []sarifInvocation{{Successful: !dsl.CouldNotRun(findings)}},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	marks := fingerprints{}
	for _, f := range findings {
		x := sarifResult{
			RuleID: f.Code, RuleIndex: index[f.Code], Level: sarifLevel(f.Severity),
			Message: sarifMessage{Text: f.Message}, Fingerprints: map[string]string{"rvo/v1": marks.of(r, f)},
		}
		if f.Hint != "" {
			x.Message.Text += "\nhint: " + f.Hint
		}
		at := sarifLocation{Physical: r.physical(f.Place, column(f))}
		if f.Path != "" {
			at.Logical = []sarifLogical{{f.Path}}
		}
		if at.Physical != nil || at.Logical != nil {
			x.Locations = []sarifLocation{at}
		}
		for _, other := range f.Related {
			x.Related = append(x.Related, sarifLocation{
				Physical: r.physical(other.Place, other.Place.Col), Message: &sarifMessage{Text: other.Message},
			})
		}
		if f.Fix != nil {
			x.Fixes = []sarifFix{r.sarifFix(f)}
		}
		run.Results = append(run.Results, x)
	}
	return encode(w, sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{run}})
}

// sarifRules returns the rules of the codes that were found and where each is among them.
func (r *Report) sarifRules(findings []dsl.Finding) ([]sarifRule, map[string]int) {
	severities := map[string]dsl.Severity{}
	for _, f := range findings {
		if s, ok := severities[f.Code]; !ok || f.Severity < s {
			severities[f.Code] = f.Severity
		}
	}
	rules, index := []sarifRule{}, map[string]int{}
	for i, code := range slices.Sorted(maps.Keys(severities)) {
		rule, known := r.rule(code)
		if !known {
			rule.Doc = rule.Name
		}
		index[code] = i
		rules = append(rules, sarifRule{
			ID: code, Name: pascal(rule.Name), Short: sarifMessage{Text: rule.Name}, Full: sarifMessage{Text: rule.Doc},
			Help: help(rule), Configuration: sarifRuleLevel{sarifLevel(severities[code])},
		})
	}
	return rules, index
}

// help is the explanation of a rule, plain and with its example in Markdown.
func help(rule Rule) sarifMessage {
	m := sarifMessage{Text: rule.Doc, Markdown: rule.Doc}
	add := func(title, source string) {
		if source = strings.TrimSpace(source); source == "" {
			return
		}
		m.Text += "\n\n" + title + ":\n\n" + source
		m.Markdown += "\n\n**" + title + "**\n\n```cue\n" + source + "\n```"
	}
	add("Example", rule.Example)
	add("Cure", rule.Cure)
	return m
}

// physical returns a place in SARIF's terms; nil where it is not known.
func (r *Report) physical(p dsl.Place, col int) *sarifPhysical {
	if p.File == "" {
		return nil
	}
	out := &sarifPhysical{Artifact: r.artifact(p)}
	if p.Line > 0 {
		out.Region = &sarifRegion{StartLine: p.Line, StartColumn: col}
	}
	return out
}

// artifact returns a file as a URI, relative to the root of the sources where it lies below it.
func (r *Report) artifact(p dsl.Place) sarifArtifact {
	file := r.file(p)
	if filepath.IsAbs(filepath.FromSlash(file)) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(file, "/")}).String()}
	}
	// A colon in the first part would be read as a scheme; URL writes ./ before it.
	return sarifArtifact{URI: (&url.URL{Path: file}).String(), Base: sourceRoot}
}

func (r *Report) sarifFix(f dsl.Finding) sarifFix {
	col := f.Fix.Place.Col
	if f.Fix.Place.Line == f.Place.Line {
		g := f
		g.Place = f.Fix.Place
		col = column(g)
	}
	return sarifFix{
		Description: sarifMessage{Text: "write " + f.Fix.New},
		Changes: []sarifChange{{
			Artifact: r.artifact(f.Fix.Place),
			Replacements: []sarifReplacement{{
				Deleted:  sarifRegion{StartLine: f.Fix.Place.Line, StartColumn: col, EndColumn: col + utf8.RuneCountInString(f.Fix.Old)},
				Inserted: sarifContent{f.Fix.New},
			}},
		}},
	}
}

func sarifLevel(s dsl.Severity) string {
	return map[dsl.Severity]string{dsl.Error: "error", dsl.Warning: "warning", dsl.Info: "note"}[s]
}

// pascal writes a name as SARIF's names of rules are written: UnknownField.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(c rune) bool { return !isWord(c) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func isWord(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
