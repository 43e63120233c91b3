package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/nodes/all"
)

const (
	goodPipeline = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {}, fps: 10}
detectors: motion: {motion: {}, fps: 5}
events: moving: {
	when: {signal: "motion.level", gte: 0.1}
	hold: "1s", cooldown: "1s"
}
`
	badPipeline = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {}, fsp:   10}
`
)

// testOf returns a test of goodPipeline that expects its event at a time; it comes at 1s.
func testOf(at string) string {
	return `tests: moves: {steps: [{set: "motion.level": 0.5, for: "2s"}], expect: [{event: "moving", at: "` + at + `"}]}
`
}

// exits are command lines by the code they exit with. A command that can find nothing wrong has none with 1.
func exits() map[string]map[int][]string {
	return map[string]map[int][]string{
		"vet":     {0: {"vet good.cue"}, 1: {"vet bad.cue", "vet --deny-warnings warned.cue", "vet --format json bad.cue"}, 2: {"vet", "vet none.cue", "vet --format xml good.cue", "vet --nothing good.cue"}},
		"test":    {0: {"test good.cue", "test tested.cue", "test --format junit tested.cue"}, 1: {"test failing.cue", "test bad.cue", "test --format json failing.cue"}, 2: {"test", "test none.cue", "test --format xml good.cue", "test --run ( tested.cue", "test --run nothing tested.cue"}},
		"plan":    {0: {"plan good.cue good.cue", "plan good.cue warned.cue"}, 1: {"plan good.cue bad.cue"}, 2: {"plan", "plan good.cue", "plan bad.cue good.cue", "plan none.cue good.cue", "plan --format xml good.cue good.cue", "plan --live=http://127.0.0.1:1 good.cue"}, 3: {"plan --detailed-exitcode good.cue warned.cue"}},
		"run":     {0: {"run --for 100ms --http off --state-dir state good.cue"}, 1: {"run --http off --state-dir state bad.cue"}, 2: {"run", "run none.cue", "run --http nonsense good.cue"}},
		"ready":   {2: {"ready http://127.0.0.1:1", "ready nonsense", "ready a b", "ready --http-token-env NOT_SET"}},
		"tui":     {1: {"tui bad.cue"}, 2: {"tui http://127.0.0.1:1", "tui ftp://x", "tui http://a http://b", "tui none.cue", "tui 127.0.0.1:9090", "tui good.cue", "tui --http off good.cue", "tui --for 1s http://127.0.0.1:1", "tui --http-token-env NOT_SET"}},
		"init":    {0: {"init new"}, 2: {"init taken", "init a b"}},
		"explain": {0: {"explain RVO002", "explain"}, 2: {"explain RVO999"}},
		"graph":   {0: {"graph good.cue"}, 1: {"graph bad.cue"}, 2: {"graph", "graph none.cue", "graph --format png good.cue"}},
		"print":   {0: {"print good.cue", "print --defaults good.cue"}, 1: {"print bad.cue"}, 2: {"print", "print none.cue"}},
		"fmt":     {0: {"fmt --check good.cue"}, 1: {"fmt --check bad.cue", "fmt syntax.cue"}, 2: {"fmt", "fmt none.cue"}},
		"schema":  {0: {"schema", "schema --json-schema"}, 2: {"schema extra"}},
		"profile": {0: {"profile --for 300ms good.cue"}, 1: {"profile bad.cue"}, 2: {"profile", "profile none.cue", "profile --for 0s good.cue", "profile --input none.mp4 good.cue"}},
		"models":  {0: {"models", "models list --cache-dir none", "models verify --cache-dir none"}, 1: {"models verify --cache-dir none yunet"}, 2: {"models pull", "models pull nothing", "models list extra", "models get"}},
		"cameras": {0: {"cameras"}, 2: {"cameras extra"}},
		"bench":   {0: {"bench --list"}, 2: {"bench extra", "bench --scenario nothing"}},
		"version": {0: {"version"}, 2: {"version extra"}},
		"":        {0: {"", "help", "completion bash"}, 2: {"nothing", "--nothing"}},
	}
}

// Every command keeps to the exit codes: 0 fine, 1 findings, 2 could not run. What is 1 or 2 says why on standard error, or
// on standard output where a program reads it.
func TestExitCodes(t *testing.T) {
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Kinds: kinds, Devices: func() ([]Device, error) { return []Device{{Index: 0, Name: "camera"}}, nil }}
	table := exits()
	for _, c := range commands(&app{}) {
		if _, ok := table[c.Name()]; !ok && !c.Hidden {
			t.Errorf("no test knows how rvo %s exits: add it to exits", c.Name())
		}
	}
	for name, byCode := range table {
		t.Run("rvo "+name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for file, text := range map[string]string{
				"good.cue": goodPipeline, "bad.cue": badPipeline, "syntax.cue": "a: ]\n",
				"tested.cue":  goodPipeline + testOf("1s"),
				"failing.cue": goodPipeline + testOf("3s"),
				"warned.cue":  "apiVersion: \"rvo/v1\"\ncameras: front: synthetic: {}\nsinks: {}\n",
			} {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.MkdirAll("taken/cue.mod/pkg/rvo.dev/schema", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("taken/cue.mod/module.cue", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			for want, lines := range byCode {
				for _, line := range lines {
					var out, errs bytes.Buffer
					code := Main(p, strings.Fields(line), Streams{Out: &out, Err: &errs, Env: func(string) string { return "" }, Now: time.Now})
					if code != want {
						t.Errorf("rvo %s exits with %d, not %d\n%s%s", line, code, want, out.String(), errs.String())
					}
					if want != ExitOK && out.Len()+errs.Len() == 0 {
						t.Errorf("rvo %s does not say why", line)
					}
				}
			}
		})
	}
}

// An evaluation that was given up, and a file that cannot be read, are no faults of the pipeline: nobody looked.
func TestVerdict(t *testing.T) {
	fault := dsl.Finding{Code: "RVO002"}
	warned := dsl.Finding{Code: "RVO105", Severity: dsl.Warning}
	told := dsl.Finding{Code: "RVO208", Severity: dsl.Info}
	for _, c := range []struct {
		findings   []dsl.Finding
		open, deny int
	}{
		{nil, ExitOK, ExitOK},
		{[]dsl.Finding{told}, ExitOK, ExitOK},
		{[]dsl.Finding{warned, told}, ExitOK, ExitFindings},
		{[]dsl.Finding{fault, warned}, ExitFindings, ExitFindings},
		{[]dsl.Finding{{Code: dsl.CodeLimit}}, ExitCannotRun, ExitCannotRun},
		{[]dsl.Finding{fault, {Code: dsl.CodeRead}}, ExitCannotRun, ExitCannotRun},
	} {
		if open, deny := verdict(c.findings, false), verdict(c.findings, true); open != c.open || deny != c.deny {
			t.Errorf("%v: %d, denied %d; want %d, %d", c.findings, open, deny, c.open, c.deny)
		}
	}
}
