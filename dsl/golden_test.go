package dsl_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
	"rvo.dev/schema"
)

// The golden files are rewritten by go test ./dsl -update.
var update = flag.Bool("update", false, "rewrite the golden findings")

// testSchema is the core language with a few kinds that look like real ones.
func testSchema(t testing.TB) []byte {
	t.Helper()
	text, err := schema.Compose([]schema.Part{
		{Role: "camera", Name: "rtsp", Doc: "a network camera", Options: `#Options: {
			url!: =~"^rtsps?://" | error("must start with rtsp:// or rtsps://")
			transport?: "tcp" | "udp"
			user?: string
			password?: #Secret
		}`},
		{Role: "camera", Name: "file", Doc: "a video file", Options: `#Options: {path!: string}`},
		{Role: "camera", Name: "synthetic", Doc: "a picture that is computed", Options: `#Options: {seed?: int, noise?: int & >=0 & <=255, pattern: *"object" | "still"}`},
		{Role: "detector", Name: "motion", Doc: "level of change", Options: `#Options: {threshold?: #Unit, areas?: [...#Area]}
			#Area: {name!: string, x!: #Unit}`, Emits: []schema.Emit{{Name: "level", Doc: "share that moves"}, {Name: "boxes"}}},
		{Role: "detector", Name: "hog", Doc: "people", Options: `#Options: {stride?: #Count, scores?: [string]: #Unit}`, Emits: []schema.Emit{{Name: "count"}}},
		{Role: "detector", Name: "external", Doc: "facts from outside", Options: `#Options: {signals!: [string]: {type!: "bool" | "int"}}`},
		{Role: "sink", Name: "stdout", Doc: "prints", Options: `#Options: {}`},
		{Role: "sink", Name: "jsonl", Doc: "appends to a file", Options: `#Options: {path!: string, sync?: #Duration}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unpack writes the files of an archive to a folder.
func unpack(t testing.TB, ar *txtar.Archive, dir string) {
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

// TestGolden loads every archive in testdata. The comment's last line is the command line (paths and -t tags), "want"
// is what rvo prints: "ok" and the content, or the findings.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	text := testSchema(t)
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			unpack(t, ar, dir)
			lines := strings.Split(strings.TrimSpace(string(ar.Comment)), "\n")
			opts := dsl.Options{Schema: text, Dir: dir}
			var paths []string
			args := strings.Fields(lines[len(lines)-1])
			for i := 0; i < len(args); i++ {
				if args[i] == "-t" {
					i++
					opts.Tags = append(opts.Tags, args[i])
					continue
				}
				if args[i] == "-tests" {
					opts.Tests = true
					continue
				}
				paths = append(paths, args[i])
			}
			doc, findings, err := dsl.Load(context.Background(), paths, opts)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := dsl.WriteText(&got, findings, 0); err != nil {
				t.Fatal(err)
			}
			if !dsl.HasErrors(findings) {
				got.WriteString("ok " + doc.Name + "\n")
				got.Write(doc.Content)
				got.WriteByte('\n')
			}
			if strings.Contains(got.String(), dir) {
				t.Errorf("a path is not relative to the working directory:\n%s", got.String())
			}
			if strings.Contains(got.String(), "hunter2") {
				t.Errorf("a password is in the output:\n%s", got.String())
			}
			check(t, archive, ar, got.Bytes())
		})
	}
}

// check compares with the archive's want, or rewrites it.
func check(t *testing.T, archive string, ar *txtar.Archive, got []byte) {
	t.Helper()
	for i := range ar.Files {
		if ar.Files[i].Name != "want" {
			continue
		}
		if bytes.Equal(ar.Files[i].Data, got) {
			return
		}
		if *update {
			ar.Files[i].Data = got
			if err := os.WriteFile(archive, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("got:\n%s\nwant:\n%s", got, ar.Files[i].Data)
		return
	}
	t.Errorf("%s has no want; got:\n%s", archive, got)
}
