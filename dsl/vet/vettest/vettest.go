// Package vettest runs pipelines in archives through vet and compares what it says.
//
//	vettest.Run(t, vettest.Kinds(t), "testdata")
//
// An archive is a txtar file: a comment whose last line is the command line (paths, and -t tags), the files of the
// pipeline, and "want": the findings as rvo prints them, or "ok". The flag -update rewrites want. Findings of one line
// can be asked for in the file itself, with a comment // want RVO002 at its end; then there must be one of that code on
// that line, and none on lines that do not ask. Corpus does the same for archives of many small pipelines. It starts no
// goroutine.
package vettest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/node"
)

// limit is far above what any pipeline here takes: a machine that is busy with other tests must not fail them.
const limit = 2 * time.Minute

// Run vets every archive in dir.
func Run(t *testing.T, kinds *node.Set, dir string) {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("%s holds no archives (%v)", dir, err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) { one(t, kinds, archive) })
	}
}

func one(t *testing.T, kinds *node.Set, archive string) {
	t.Helper()
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	Unpack(t, ar, dir)
	paths, tags := Args(ar)
	r, err := vet.Vet(t.Context(), paths, vet.Options{Kinds: kinds, Dir: dir, Tags: tags, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := dsl.WriteText(&got, r.Findings, 0); err != nil {
		t.Fatal(err)
	}
	if (r.Graph != nil) == dsl.HasErrors(r.Findings) {
		t.Errorf("there is a graph: %v, with findings\n%s", r.Graph != nil, got.String())
	}
	if r.Graph != nil {
		got.WriteString("ok\n")
	}
	marks(t, ar, r.Findings)
	Golden(t, archive, ar, got.Bytes())
}

// Unpack writes the files of an archive below dir, without "want".
func Unpack(t testing.TB, ar *txtar.Archive, dir string) {
	t.Helper()
	for _, f := range ar.Files {
		if f.Name == "want" {
			continue
		}
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Args returns the paths and tags of an archive's command line.
func Args(ar *txtar.Archive) (paths, tags []string) {
	lines := strings.Split(strings.TrimSpace(string(ar.Comment)), "\n")
	args := strings.Fields(lines[len(lines)-1])
	for i := 0; i < len(args); i++ {
		if args[i] == "-t" && i+1 < len(args) {
			i++
			tags = append(tags, args[i])
			continue
		}
		paths = append(paths, args[i])
	}
	return paths, tags
}

// marks compares the findings with the // want comments of the files, where there are any.
func marks(t *testing.T, ar *txtar.Archive, findings []dsl.Finding) {
	t.Helper()
	want := wanted(ar.Files)
	if len(want) == 0 {
		return
	}
	if err := differ(want, findings); err != nil {
		t.Error(err)
	}
}

// wanted returns what the // want comments of files ask for, as "file:line: code".
func wanted(files []txtar.File) []string {
	mark := regexp.MustCompile(`// want ((?:RVO[0-9]{3} ?)+)$`)
	var want []string
	for _, f := range files {
		if f.Name == "want" {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := mark.FindStringSubmatch(line); m != nil {
				for code := range strings.FieldsSeq(m[1]) {
					want = append(want, fmt.Sprintf("%s:%d: %s", f.Name, i+1, code))
				}
			}
		}
	}
	return want
}

// differ says how the findings are other than what is wanted.
func differ(want []string, findings []dsl.Finding) error {
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%s:%d: %s", f.Place.File, f.Place.Line, f.Code))
	}
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(want, got) {
		return nil
	}
	return fmt.Errorf("findings at\n  %s\nwanted at\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
}

// Golden compares got with the archive's want, or rewrites that when the tests run with -update.
func Golden(t *testing.T, archive string, ar *txtar.Archive, got []byte) {
	t.Helper()
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		t.Fatalf("%s has no want; got:\n%s", archive, got)
	}
	if bytes.Equal(ar.Files[i].Data, got) {
		return
	}
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		ar.Files[i].Data = got
		if err := os.WriteFile(archive, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("got:\n%s\nwant:\n%s", got, ar.Files[i].Data)
}
