package dsl_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
)

// Every file of the archives in testdata/corpus is a pipeline of its own, broken in one way: what is found is exactly what the
// comments // want CODE ask for, on their lines. A file without any has nothing to find. "want" holds the findings as they
// are printed.
func TestCorpus(t *testing.T) {
	archives, err := filepath.Glob("testdata/corpus/RVO*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	text := testSchema(t)
	mark := regexp.MustCompile(`// want ((?:RVO[0-9]{3} ?)+)$`)
	bad := foreign()
	broken := 0
	for _, archive := range archives {
		code := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(code, func(t *testing.T) {
			ar, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for _, f := range ar.Files {
				if f.Name == "want" {
					continue
				}
				var want, got []string
				for i, line := range strings.Split(string(f.Data), "\n") {
					if m := mark.FindStringSubmatch(line); m != nil {
						for c := range strings.FieldsSeq(m[1]) {
							want = append(want, fmt.Sprintf("%d: %s", i+1, c))
						}
					}
				}
				if len(want) > 0 {
					broken++
				}
				_, fs := load(t, string(f.Data), dsl.Options{Schema: text})
				for _, x := range fs {
					got = append(got, fmt.Sprintf("%d: %s", x.Place.Line, x.Code))
					if m := bad.FindString(x.Message + "\n" + x.Hint); m != "" && !strings.Contains(string(f.Data), m) {
						t.Errorf("%s: %v says %q", f.Name, x, m)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: found %v, want %v", f.Name, got, want)
				}
				fmt.Fprintf(&out, "# %s\n", f.Name)
				if err := dsl.WriteText(&out, fs, 0); err != nil {
					t.Fatal(err)
				}
			}
			check(t, archive, ar, out.Bytes())
		})
	}
	if broken < 60 {
		t.Errorf("%d broken pipelines, want 60 at least", broken)
	}
	t.Logf("%d broken pipelines", broken)
}
