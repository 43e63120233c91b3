package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// ciFolder holds what other repositories take for their CI.
var ciFolder = filepath.Join("..", "..", "deploy", "ci")

// action is what a composite GitHub Action is made of, as far as it is looked at here.
type action struct {
	Inputs map[string]struct{ Description, Default string }
	Runs   struct {
		Using string
		Steps []struct {
			Name, If, Shell, Run string
			Env                  map[string]string
		}
	}
}

func readAction(t testing.TB) action {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(ciFolder, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Inputs reach the shell through the environment alone: in the text of a script they would be code. Each is used, and each
// that is used is there.
func TestActionInputs(t *testing.T) {
	t.Parallel()
	a := readAction(t)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("%+v", a)
	}
	used := map[string]bool{}
	input := regexp.MustCompile(`inputs\.([a-z-]+)`)
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") || s.Shell != "bash" {
			t.Errorf("step %s: an expression in the script, or a shell %q", s.Name, s.Shell)
		}
		texts := []string{s.If}
		for name, value := range s.Env {
			if !strings.Contains(s.Run, name) {
				t.Errorf("step %s does not use %s", s.Name, name)
			}
			texts = append(texts, value)
		}
		for _, m := range input.FindAllStringSubmatch(strings.Join(texts, " "), -1) {
			used[m[1]] = true
			if _, ok := a.Inputs[m[1]]; !ok {
				t.Errorf("step %s uses the input %s, which there is not", s.Name, m[1])
			}
		}
	}
	for name, in := range a.Inputs {
		if !used[name] || in.Description == "" {
			t.Errorf("input %s is used: %v, described: %q", name, used[name], in.Description)
		}
	}
}

// actionStep NAME FILE writes the script of a step of the GitHub Action.
func actionStep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: action-step NAME FILE")
	}
	data, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), "deploy", "ci", "action.yml"))
	ts.Check(err)
	var a action
	ts.Check(yaml.Unmarshal(data, &a))
	for _, s := range a.Runs.Steps {
		if s.Name == args[0] {
			// As GitHub runs shell: bash.
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("set -eo pipefail\n"+s.Run), 0o644))
			return
		}
	}
	ts.Fatalf("the action has no step %s", args[0])
}

// gitlabJob FILE writes the script of the GitLab job, which GitLab runs line by line and ends at the first that fails.
func gitlabJob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gitlab-job FILE")
	}
	data, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), "deploy", "ci", "gitlab.yml"))
	ts.Check(err)
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
	}
	ts.Check(yaml.Unmarshal(data, &jobs))
	job := jobs["rvo-vet"]
	lines := []string{"set -eo pipefail"}
	for name, value := range job.Variables {
		lines = append(lines, name+"='"+value+"'")
	}
	lines = append(lines, job.Script...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "\n")+"\n"), 0o644))
}

// problems FILE prints what the problem matcher reads out of the lines of a file.
func problems(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: problems FILE")
	}
	data, err := os.ReadFile(filepath.Join(ts.Getenv("ROOT"), "deploy", "ci", "problem-matcher.json"))
	ts.Check(err)
	var matcher struct {
		ProblemMatcher []struct {
			Pattern []struct {
				Regexp                                      string
				File, Line, Column, Severity, Code, Message int
			}
		}
	}
	ts.Check(json.Unmarshal(data, &matcher))
	p := matcher.ProblemMatcher[0].Pattern[0]
	expr, err := regexp.Compile(p.Regexp)
	ts.Check(err)
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	for lines.Scan() {
		m := expr.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		var out []string
		for _, i := range []int{p.File, p.Line, p.Column, p.Severity, p.Code, p.Message} {
			out = append(out, m[i])
		}
		_, err := ts.Stdout().Write([]byte(strings.Join(out, "|") + "\n"))
		ts.Check(err)
	}
}

// What the README of deploy/ci names is there, and all that is there is named.
func TestCIFolder(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(ciFolder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(ciFolder)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		files = append(files, e.Name())
		if e.Name() != "README.md" && !strings.Contains(string(readme), "("+e.Name()+")") {
			t.Errorf("README.md does not name %s", e.Name())
		}
	}
	if !slices.Contains(files, "action.yml") {
		t.Errorf("files %v", files)
	}
}
