package dsl_test

import (
	"bytes"
	"strings"
	"testing"

	"cuelang.org/go/cue/parser"

	"rvo.dev/dsl"
)

func TestNearest(t *testing.T) {
	names := []string{"lt", "lte", "gt", "gte", "signal", "evidence", "motion.level"}
	for written, want := range map[string]string{
		"ltee": "lte", "let": "lt", "sginal": "signal", "evidnce": "evidence", "Signal": "signal", "motoin.levl": "motion.level",
		"x": "", "camera": "", "": "", "zz": "",
	} {
		got, ok := dsl.Nearest(written, names)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		`rtsp://user:hunter2@h/1`:                     `rtsp://***@h/1`,
		`rtsp://user:hun@ter2@h/1`:                    `rtsp://***@h/1`,
		`rtsp://user:hun/ter2@h/1`:                    `rtsp://***@h/1`,
		`url "http://u:p@h?token=abc&x=1"`:            `url "http://***@h?token=***&x=1"`,
		`password: "hunter2", user: "u"`:              `password: "***", user: "u"`,
		`"camPassword": #"hunter2"#`:                  `"camPassword": #"***"#`,
		`nothing: "to hide", mail: "a@b", keep: "1h"`: `nothing: "to hide", mail: "a@b", keep: "1h"`,
	} {
		if got := dsl.Redact(text); got != want {
			t.Errorf("%s\n gives %s\n want  %s", text, got, want)
		}
		if got := dsl.Redact(dsl.Redact(text)); got != want {
			t.Errorf("twice: %s", got)
		}
	}
}

// What is hidden leaves the rest what it is: a pipeline that is shown can be read again.
func TestRedactedIsCUE(t *testing.T) {
	for _, text := range []string{
		`cameras: gate: rtsp: {url: "rtsp://joe:hunter2@cam/1?token=abc", password: *"a\"b" | string}`,
		`token?: ##"hun"#ter2"##, password: {env: "CAM"}, secret: string, "camPassword": 'hunter2'`,
		"token: \"\"\"\n\thun\n\tter2\n\t\"\"\"\nfps: 5",
	} {
		got := dsl.Redact(text)
		if _, err := parser.ParseFile("p.cue", got); err != nil || strings.Contains(got, "hun") || strings.Contains(got, "ter2") {
			t.Errorf("%s\n becomes %s: %v", text, got, err)
		}
	}
}

func TestSort(t *testing.T) {
	at := func(file string, line int, code, message string) dsl.Finding {
		return dsl.Finding{Code: code, Message: message, Place: dsl.Place{File: file, Line: line, Col: 1}}
	}
	got := dsl.Sort([]dsl.Finding{
		at("b", 1, "RVO001", "x"), at("a", 9, "RVO001", "x"), at("a", 2, "RVO002", "x"), at("a", 2, "RVO001", "x"),
		at("a", 9, "RVO001", "x"), at("a", 9, "RVO001", "y"),
	})
	var lines []string
	for _, f := range got {
		lines = append(lines, f.String())
	}
	want := "a:2:1: error[RVO001]: x\na:2:1: error[RVO002]: x\na:9:1: error[RVO001]: x\na:9:1: error[RVO001]: y\nb:1:1: error[RVO001]: x"
	if strings.Join(lines, "\n") != want {
		t.Errorf("sorted:\n%s", strings.Join(lines, "\n"))
	}
}

func TestWriteText(t *testing.T) {
	fs := []dsl.Finding{
		{
			Code: "RVO002", Message: "unknown", Place: dsl.Place{File: "a.cue", Line: 3, Col: 4}, Line: "\tä x", Hint: "none",
			Related: []dsl.Related{{Place: dsl.Place{File: "b.cue"}, Message: "there"}},
		},
		{Code: "RVO105", Severity: dsl.Warning, Message: "unused"},
		{Code: "RVO105", Severity: dsl.Warning, Message: "more"},
	}
	var b bytes.Buffer
	if err := dsl.WriteText(&b, fs, 2); err != nil {
		t.Fatal(err)
	}
	want := "a.cue:3:4: error[RVO002]: unknown\n    \tä x\n    \t ^\n  b.cue: there\n  hint: none\nwarning[RVO105]: unused\n… and 1 more\n"
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}
