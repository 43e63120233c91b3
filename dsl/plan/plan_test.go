package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
)

// The golden texts are rewritten by go test ./dsl/plan -update.
var update = flag.Bool("update", false, "rewrite the golden texts")

func build(t testing.TB, text []byte) *graph.Graph {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, findings, err := dsl.Load(t.Context(), []string{"pipeline.cue"}, dsl.Options{
		Schema: schema, Dir: t.TempDir(), Files: map[string][]byte{"pipeline.cue": text},
	})
	if err != nil || dsl.HasErrors(findings) {
		t.Fatal(findings, err)
	}
	spec, findings := compile.Compile(doc, kinds)
	if dsl.HasErrors(findings) {
		t.Fatal(findings)
	}
	g, err := graph.Build(spec, kinds)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// side returns a pipeline whose files are all at one version.
func side(t testing.TB, text []byte, version, key string) *plan.Side {
	t.Helper()
	g := build(t, text)
	nodes := g.Nodes(graph.Facts{
		File:   func(string) string { return version },
		Secret: func(node.Secret) string { return version },
	})
	return plan.Of(g, nodes, plan.Options{CPUs: 4, CPUsSource: analysis.Assumed, Key: []byte(key)})
}

func write(t testing.TB, p *plan.Plan, f plan.Format, d plan.Detail) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, f, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// archives returns the archives with an old.cue and a new.cue, by name.
func archives(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	out := map[string]*txtar.Archive{}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = a
	}
	return out
}

func part(t testing.TB, a *txtar.Archive, name string) *txtar.File {
	t.Helper()
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	t.Fatalf("no file %s", name)
	return nil
}

// TestPlans: what people read of an edit. In archives whose comment names a file, what that file holds is another too.
func TestPlans(t *testing.T) {
	for name, a := range archives(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			version := "1"
			if strings.Contains(string(a.Comment), "other files") {
				version = "2"
			}
			p := plan.Compare(side(t, part(t, a, "old.cue").Data, "1", "key"), side(t, part(t, a, "new.cue").Data, version, "key"))
			for f := range a.Files {
				file := &a.Files[f]
				var got string
				switch file.Name {
				case "usual":
					got = write(t, p, plan.Text, plan.Usual)
				case "concise":
					got = write(t, p, plan.Text, plan.Concise)
				case "verbose":
					got = write(t, p, plan.Text, plan.Verbose)
				case "json":
					got = write(t, p, plan.JSON, plan.Usual)
				default:
					continue
				}
				for _, secret := range []string{"hunter1", "hunter2"} {
					if strings.Contains(got, secret) {
						t.Errorf("%s tells the credential %s", file.Name, secret)
					}
				}
				if *update {
					file.Data = []byte(got)
				} else if got != string(file.Data) {
					t.Errorf("%s is\n%s\nwant\n%s", file.Name, got, file.Data)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestDocumentShowsPlan: the example that people read is what is written.
func TestDocumentShowsPlan(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "plan.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := part(t, archives(t)[filepath.Join("testdata", "replace.txtar")], "usual").Data
	if !bytes.Contains(doc, want) {
		t.Errorf("docs/plan.md does not show the usual text of replace.txtar:\n%s", want)
	}
}

// TestRoundTrip: a side that went through JSON, indented by whoever stood between, is compared as it was; and with itself it is
// the same.
func TestRoundTrip(t *testing.T) {
	for name, a := range archives(t) {
		old, now := side(t, part(t, a, "old.cue").Data, "1", "key"), side(t, part(t, a, "new.cue").Data, "1", "key")
		data, err := json.MarshalIndent(plan.Running{Schema: plan.ConfigSchema, Side: *old}, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		read, err := plan.ParseRunning(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plan.Compare(&read.Side, now), plan.Compare(old, now); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: through JSON it is\n%s\nnot\n%s", name, write(t, got, plan.JSON, plan.Usual), write(t, want, plan.JSON, plan.Usual))
		}
		if same := plan.Compare(&read.Side, old); same.Changed() || len(same.Latency) > 0 || same.Memory.Old != same.Memory.New {
			t.Errorf("%s: compared with itself: %s", name, write(t, same, plan.Text, plan.Usual))
		}
	}
	for _, bad := range []string{"", "[]", "{}", `{"schema": "rvo.config/v9", "load": {}}`} {
		if _, err := plan.ParseRunning([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a running pipeline", bad)
		}
	}
}

// TestKeys: that a credential in an address is another is seen where both sides have the key, and else nothing is seen; never is
// it taken for another because one side has no key.
func TestKeys(t *testing.T) {
	text := func(password string) []byte {
		return []byte(`apiVersion: "rvo/v1"
cameras: gate: rtsp: url: "rtsp://joe:` + password + `@10.0.0.5/main"
`)
	}
	for _, c := range []struct {
		old, now, oldKey, newKey string
		changed                  bool
	}{
		{"hunter1", "hunter2", "k", "k", true},
		{"hunter1", "hunter1", "k", "k", false},
		{"hunter1", "hunter2", "", "k", false},
		{"hunter1", "hunter2", "k", "", false},
		{"hunter1", "hunter1", "k", "", false},
		{"hunter1", "hunter2", "", "", false},
	} {
		p := plan.Compare(side(t, text(c.old), "1", c.oldKey), side(t, text(c.now), "1", c.newKey))
		if p.Changed() != c.changed {
			t.Errorf("%+v: %s", c, write(t, p, plan.Text, plan.Usual))
		}
	}
}
