package vettest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/node"
)

// Tally is how many pipelines of a corpus show a code: broken ones that give it, and near misses in the same archive that
// give nothing at all.
type Tally struct{ Broken, Clean int }

// Corpus vets every pipeline of the archives in dir and compares what is found with the archive's "want". An archive is
// named by its code, RVO206.txtar. Each of its .cue files is a pipeline of its own, to which base.cue is joined where the
// archive has one: one with a comment // want is broken and must give exactly the codes that it asks for, on those lines,
// one of which is the archive's; one without is a near miss and must give nothing. With --env as the last line of its comment
// the checks look at the machine, where Machine's files and GATE_PASSWORD
// are there, nobody answers and 64 GiB are free. It returns the tally of each code.
func Corpus(t *testing.T, kinds *node.Set, dir string) map[string]Tally {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join(dir, "RVO*.txtar"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("%s holds no archives (%v)", dir, err)
	}
	all := map[string]Tally{}
	for _, archive := range archives {
		code := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(code, func(t *testing.T) { all[code] = corpus(t, kinds, archive, code) })
	}
	return all
}

// corpus vets the pipelines of one archive.
func corpus(t *testing.T, kinds *node.Set, archive, code string) Tally {
	t.Helper()
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var base []txtar.File
	for _, f := range ar.Files {
		if f.Name == "base.cue" {
			base = append(base, f)
		}
	}
	var tally Tally
	var got bytes.Buffer
	dir := t.TempDir()
	opts := vet.Options{Kinds: kinds, Dir: dir, StateDir: dir, Limit: limit}
	if strings.HasSuffix(strings.TrimSpace(string(ar.Comment)), "--env") {
		opts.Env = true
		opts.Dial = func(string) error { return errors.New("connection refused") }
		opts.Free = func(string) (int64, bool) { return 64 << 30, true }
		t.Setenv("GATE_PASSWORD", "x")
		Machine(t, dir)
	}
	for _, f := range ar.Files {
		if f.Name == "base.cue" || f.Name == "want" {
			continue
		}
		found := pipeline(t, opts, append([]txtar.File{f}, base...))
		fmt.Fprintf(&got, "# %s\n", f.Name)
		if err := dsl.WriteText(&got, found, 0); err != nil {
			t.Fatal(err)
		}
		asked := wanted([]txtar.File{f})
		switch {
		case len(asked) == 0:
			tally.Clean++
		case strings.Contains(strings.Join(asked, " "), code):
			tally.Broken++
		default:
			t.Errorf("%s does not show %s", f.Name, code)
		}
		if err := differ(asked, found); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	Golden(t, archive, ar, got.Bytes())
	return tally
}

// pipeline vets files that belong together and returns what is found.
func pipeline(t *testing.T, opts vet.Options, files []txtar.File) []dsl.Finding {
	t.Helper()
	opts.Files = map[string][]byte{}
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Name)
		opts.Files[f.Name] = f.Data
	}
	r, err := vet.Vet(t.Context(), paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	if (r.Graph != nil) == dsl.HasErrors(r.Findings) {
		t.Errorf("%s: there is a graph: %v, with findings %v", paths[0], r.Graph != nil, r.Findings)
	}
	return r.Findings
}

// Machine writes the files that examples and the corpus read where they look at the machine: the video gate.mp4 and the
// network body.cfg and body.weights, which finds one kind of thing and is of the family darknet.
func Machine(t testing.TB, dir string) {
	t.Helper()
	for name, text := range map[string]string{
		"gate.mp4": "", "body.weights": "weights\n",
		"body.cfg": "[net]\nwidth=320\nheight=320\nchannels=3\n[yolo]\nclasses=1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
