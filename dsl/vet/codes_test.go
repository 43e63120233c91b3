package vet_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet"
)

// CHECKS.md is written from the codes.
func TestChecksDocument(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# What vet finds\n\nWritten by `go test ./dsl/vet -update` from the code. An error keeps a pipeline from running, a warning does not.\n")
	for _, c := range vet.Codes() {
		fmt.Fprintf(&b, "\n## %s %s\n\n%s\n", c.Code, c.Name, c.Doc)
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```cue\n%s```\n\nCured:\n\n```cue\n%s```\n", c.Example, c.Cure)
		}
	}
	got, err := os.ReadFile("CHECKS.md")
	if bytes.Equal(got, b.Bytes()) {
		return
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("CHECKS.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("CHECKS.md is not what the codes say (%v): run go test ./dsl/vet -update", err)
}

// Codes are unique and explained, and each is shown by a test to be found.
func TestCodes(t *testing.T) {
	shown := map[string]bool{
		dsl.CodeLimit:           true, // TestLimit of dsl
		vet.CodeBuild:           true, // cannot happen while the checks are complete
		compile.CodeKindOptions: true, // TestKindRefusesOptions
	}
	for _, pattern := range []string{"testdata/*.txtar", "testdata/corpus/*.txtar", "../testdata/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?:error|warning|info)\[(RVO[0-9]{3})\]`).FindAllSubmatch(data, -1) {
				shown[string(m[1])] = true
			}
		}
	}
	var all []string
	for _, c := range vet.Codes() {
		if c.Name == "" || c.Doc == "" || !regexp.MustCompile(`^RVO[0-9]{3}$`).MatchString(c.Code) {
			t.Errorf("code %+v is not explained", c)
		}
		if slices.Contains(all, c.Code) {
			t.Errorf("%s is there twice", c.Code)
		}
		if !shown[c.Code] {
			t.Errorf("no test shows %s", c.Code)
		}
		all = append(all, c.Code)
	}
	for code := range shown {
		if !slices.Contains(all, code) {
			t.Errorf("%s is given and not explained", code)
		}
	}
}
