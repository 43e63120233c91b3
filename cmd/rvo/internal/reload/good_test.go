package reload_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/nodes/all"
)

// good reads the last good pipeline of a kit's state folder.
func (k *kit) good() *reload.Loaded {
	k.t.Helper()
	kinds, err := all.Set()
	if err != nil {
		k.t.Fatal(err)
	}
	in, _, err := reload.ReadGood(k.state, kinds)
	if err != nil {
		k.t.Fatal(err)
	}
	return in
}

// What ran from the start is the last good one, then what passed its probation; what was rolled back or followed by another before it
// had proved anything never is.
func TestLastGood(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		revisions := map[string]string{"start": k.good().Graph.Revision}
		if revisions["start"] != k.graph.Revision {
			t.Errorf("kept %v at the start", revisions)
		}
		edit := func(hold string) func(reload.Ended) {
			k.put("gate.cue", strings.Replace(base, `"2s"`, hold, 1))
			for {
				time.Sleep(every)
				if k.r.Running().Graph.Events[0].Hold.String() == strings.Trim(hold, `"`) {
					break
				}
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.ends[len(k.ends)-1]
		}
		kept := func() string {
			synctest.Wait()
			return k.good().Graph.Events[0].Hold.String()
		}
		first := edit(`"3s"`)
		time.Sleep(time.Second)
		second := edit(`"4s"`)
		first(reload.Ended{Kept: true}) // because another followed it
		if got := kept(); got != "2s" {
			t.Errorf("after a second on probation %s is kept", got)
		}
		time.Sleep(reload.DefaultProbation)
		second(reload.Ended{Kept: true})
		if got := kept(); got != "4s" {
			t.Errorf("after its probation %s is kept, want 4s", got)
		}
		third := edit(`"5s"`)
		time.Sleep(reload.DefaultProbation / 2)
		third(reload.Ended{Why: "boom"})
		if got := kept(); got != "4s" {
			t.Errorf("after a rollback %s is kept, want 4s", got)
		}
	})
}

// A file that a node reads is kept with the pipeline: where the original is another or gone, the copy is read; where it is as it was,
// the original.
func TestGoodKeepsWhatNodesRead(t *testing.T) {
	text := base + `detectors: person: {onnx: {model: "person.onnx", family: "yolox", labels: ["person"]}, fps: 1}` + "\n"
	bubble(t, options{text: text, data: map[string]string{"person.onnx": "network one"}}, func(t *testing.T, k *kit) {
		time.Sleep(time.Second)
		model := filepath.Join(k.dir, "person.onnx")
		options := func() string {
			for _, d := range k.good().Graph.Detectors {
				if d.ID == "person" {
					return string(d.Options)
				}
			}
			return ""
		}
		if got := options(); !strings.Contains(got, `"person.onnx"`) {
			t.Errorf("options %s: the file is as it was", got)
		}
		for name, spoil := range map[string]func() error{
			"another": func() error { return os.WriteFile(model, []byte("network two"), 0o600) },
			"gone":    func() error { return os.Remove(model) },
		} {
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			got := options()
			_, at, _ := strings.Cut(got, `"model":"`)
			at, _, _ = strings.Cut(at, `"`)
			if data, err := os.ReadFile(at); err != nil || string(data) != "network one" {
				t.Errorf("%s: options %s: %q, %v", name, got, data, err)
			}
		}
	})
}

func TestNoGood(t *testing.T) {
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, _, err := reload.ReadGood(dir, kinds); !errors.Is(err, reload.ErrNoGood) {
		t.Errorf("error %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "last-good"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{}", `{"schema":"rvo.good/v1"}`, `{"schema":"rvo.good/v1","spec":{"Cameras":[{"ID":"x","Kind":"none"}]}}`} {
		if err := os.WriteFile(filepath.Join(dir, "last-good", "pipeline.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := reload.ReadGood(dir, kinds); err == nil || errors.Is(err, reload.ErrNoGood) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// A file that a pipeline imports comes later: nobody knew to watch it, and it is found all the same.
func TestImportComes(t *testing.T) {
	bubble(t, options{data: map[string]string{}}, func(t *testing.T, k *kit) {
		if err := os.MkdirAll(filepath.Join(k.dir, "cue.mod"), 0o755); err != nil {
			t.Fatal(err)
		}
		k.put(filepath.Join("cue.mod", "module.cue"), "module: \"site.example\"\nlanguage: version: \"v0.14.0\"\n")
		k.put("gate.cue", "import \"site.example/holds\"\n"+strings.Replace(base, `"2s"`, "holds.long", 1))
		k.wait(reload.Rejected)
		if err := os.MkdirAll(filepath.Join(k.dir, "holds"), 0o755); err != nil {
			t.Fatal(err)
		}
		k.put(filepath.Join("holds", "holds.cue"), "package holds\n\nlong: \"7s\"\n")
		k.wait(reload.Applied)
		if g := k.r.Running().Graph; g.Events[0].Hold != 7*time.Second {
			t.Errorf("hold %v", g.Events[0].Hold)
		}
		// From now on it is watched.
		k.put(filepath.Join("holds", "holds.cue"), "package holds\n\nlong: \"8s\"\n")
		time.Sleep(2 * time.Second)
		if g := k.r.Running().Graph; g.Events[0].Hold != 8*time.Second {
			t.Errorf("hold %v", g.Events[0].Hold)
		}
	})
}
