package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rvo.dev/dsl"
	"rvo.dev/dsl/report"
)

// The golden reports are rewritten by go test ./dsl/report -update.
var update = flag.Bool("update", false, "rewrite the golden reports")

// several is a report with all that a finding can have.
func several() report.Report {
	return report.Report{
		Version: "v1.2.3", Root: "/work", Dir: "/work/site",
		Rules: []report.Rule{
			{
				Code: "RVO002", Name: "unknown field", Doc: "The field does not exist.",
				Example: "cameras: a: fsp: 5\n", Cure: "cameras: a: fps: 5\n",
			},
			{Code: "RVO200", Name: "value that is seldom fresh", Doc: "Gaps."},
		},
		Pipelines: []report.Pipeline{
			{Name: "gate.cue", Findings: []dsl.Finding{
				{
					Code: "RVO002", Message: `unknown field "fsp" in a camera`, Path: "cameras.front.fsp",
					Place: dsl.Place{File: "gate.cue", Line: 4, Col: 18}, Line: `	/* Tür: */     fsp: 10`, Hint: "did you mean fps?",
					Fix: &dsl.Fix{Place: dsl.Place{File: "gate.cue", Line: 4, Col: 18}, Old: "fsp", New: "fps"},
				},
				{
					Code: "RVO200", Severity: dsl.Warning, Message: "50% of the time,\nthe value is stale: raise ttl", Path: "detectors.a.emits.b.ttl",
					Place:   dsl.Place{File: "my site/a,b:c.cue", Line: 2, Col: 1},
					Related: []dsl.Related{{Place: dsl.Place{File: "gate.cue", Line: 9, Col: 3}, Message: "the rate"}},
				},
				{Code: "RVO208", Severity: dsl.Info, Message: "no cost given <&>", Place: dsl.Place{File: "/etc/rvo/gate.cue", Line: 1, Col: 1}},
			}},
			{Name: "empty", Findings: []dsl.Finding{{Code: "RVO011", Message: "folder holds no .cue file", Place: dsl.Place{File: "empty"}}}},
			{Name: "clean.cue"},
		},
	}
}

func write(t *testing.T, r report.Report, f report.Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each format is compared whole.
func TestFormats(t *testing.T) {
	for _, f := range report.Formats() {
		got := write(t, several(), f)
		golden := filepath.Join("testdata", "report."+string(f))
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s (%v):\n%s", f, err, got)
		}
	}
}

func TestParse(t *testing.T) {
	none := func(string) string { return "" }
	actions := func(name string) string { return map[string]string{"GITHUB_ACTIONS": "true"}[name] }
	for _, c := range []struct {
		name string
		env  func(string) string
		want report.Format
		err  string
	}{
		{"auto", none, report.Text, ""},
		{"auto", actions, report.GitHub, ""},
		{"text", actions, report.Text, ""},
		{"sarif", none, report.SARIF, ""},
		{"sarf", none, "", "did you mean sarif?"},
		{"", none, "", "there are auto"},
	} {
		got, err := report.Parse(c.name, c.env)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("Parse(%q) = %q, %v", c.name, got, err)
		}
	}
}

func valid(t *testing.T, schema string, data []byte) {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(schema), err, data)
	}
}

// What is written as JSON is what the published schema says, with findings and without.
func TestJSONIsValid(t *testing.T) {
	schema := filepath.Join("..", "..", "schema", "findings.schema.json")
	valid(t, schema, write(t, several(), report.JSON))
	valid(t, schema, write(t, report.Report{}, report.JSON))
	valid(t, schema, write(t, report.Report{Pipelines: []report.Pipeline{{Name: "clean.cue"}}}, report.JSON))
}

// SARIF is held to the part of the standard that rvo uses, written down in testdata, and to the whole of it where
// RVO_SARIF_SCHEMA names the published file: OASIS' sarif-schema-2.1.0.json is not copied into this repository.
func TestSARIFIsValid(t *testing.T) {
	schemas := []string{filepath.Join("testdata", "sarif.subset.json")}
	if published := os.Getenv("RVO_SARIF_SCHEMA"); published != "" {
		schemas = append(schemas, published)
	}
	for _, schema := range schemas {
		valid(t, schema, write(t, several(), report.SARIF))
		valid(t, schema, write(t, report.Report{}, report.SARIF))
	}
}

// results returns the fingerprints of a SARIF report, in order.
func results(t *testing.T, r report.Report) []string {
	t.Helper()
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID              string
				RuleIndex           int
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(write(t, r, report.SARIF), &log); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range log.Runs[0].Results {
		if id := log.Runs[0].Tool.Driver.Rules[x.RuleIndex].ID; id != x.RuleID {
			t.Errorf("rule %d is %s, the result's is %s", x.RuleIndex, id, x.RuleID)
		}
		out = append(out, x.PartialFingerprints["rvo/v1"])
	}
	return out
}

// A fault whose line has moved keeps its fingerprint; another beside it has its own.
func TestFingerprints(t *testing.T) {
	before := results(t, several())
	moved := several()
	for p := range moved.Pipelines {
		for i := range moved.Pipelines[p].Findings {
			f := &moved.Pipelines[p].Findings[i]
			f.Place.Line += 7
			f.Place.Col++
		}
	}
	if after := results(t, moved); !slices.Equal(after, before) {
		t.Errorf("moved: %v\nbefore: %v", after, before)
	}
	twice := several()
	twin := twice.Pipelines[0].Findings[0]
	twin.Message = "unknown field for another reason"
	twice.Pipelines[0].Findings = append(twice.Pipelines[0].Findings, twin)
	got := results(t, twice)
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(before)+1 {
		t.Errorf("fingerprints meet: %v", got)
	}
}

// unescape reads a workflow command as GitHub's runner does.
func unescape(t *testing.T, line string) (command, text string, properties map[string]string) {
	t.Helper()
	rest, ok := strings.CutPrefix(line, "::")
	head, data, found := strings.Cut(rest, "::")
	if !ok || !found {
		t.Fatalf("no workflow command: %q", line)
	}
	command, list, _ := strings.Cut(head, " ")
	properties = map[string]string{}
	for p := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(p, "=")
		if !ok {
			t.Fatalf("property %q in %q", p, line)
		}
		properties[key] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
	}
	return command, strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data), properties
}

// Whatever a message or a file name holds, one finding is one command, and GitHub reads back what was meant.
func TestGitHubEscapes(t *testing.T) {
	for _, s := range []string{"plain", "50%", "%0A", "a\nb", "a\r\nb", "::error::x", "a,b=c:d", "%25", "Tür ::"} {
		for _, file := range []string{"a.cue", "a,b.cue", "c:d.cue", "e%0Af.cue", "g::h.cue"} {
			r := report.Report{Pipelines: []report.Pipeline{{Name: "p", Findings: []dsl.Finding{{
				Code: "RVO001", Message: s, Place: dsl.Place{File: file, Line: 3, Col: 2},
			}}}}}
			got := strings.TrimSuffix(string(write(t, r, report.GitHub)), "\n")
			if strings.ContainsAny(got, "\r\n") {
				t.Fatalf("more than one line: %q", got)
			}
			command, text, properties := unescape(t, got)
			if command != "error" || text != s || properties["file"] != file || properties["line"] != "3" ||
				properties["col"] != "2" || properties["title"] != "RVO001" || len(properties) != 4 {
				t.Errorf("%q in %q reads as %q %q %v", s, file, command, text, properties)
			}
		}
	}
}

// JUnit counts what it holds, and warnings are failures only where they are denied.
func TestJUnitCounts(t *testing.T) {
	for deny, want := range map[bool]int{false: 2, true: 3} {
		r := several()
		r.Deny = deny
		var got struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Suites   []struct {
				Cases []struct {
					Failure *struct{} `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(write(t, r, report.JUnit), &got); err != nil {
			t.Fatal(err)
		}
		tests, failures := 0, 0
		for _, s := range got.Suites {
			tests += len(s.Cases)
			for _, c := range s.Cases {
				if c.Failure != nil {
					failures++
				}
			}
		}
		if got.Tests != tests || got.Failures != failures || failures != want || len(got.Suites) != 3 {
			t.Errorf("deny %v: %d tests, %d failures, counted %d and %d in %d suites", deny, got.Tests, got.Failures, tests, failures, len(got.Suites))
		}
	}
}
