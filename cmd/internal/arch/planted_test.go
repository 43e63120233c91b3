package arch

import (
	"strings"
	"testing"
	"testing/fstest"
)

// plant parses a small tree: file name to source.
func plant(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// planted says which faults a rule must find in a tree: a part of each finding, in order. No parts: none.
type planted struct {
	name  string
	files map[string]string
	want  []string
}

// finds runs a rule on each planted tree.
func finds(t *testing.T, rule func(*tree) []string, cases []planted) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := rule(plant(t, c.files))
			if len(got) != len(c.want) {
				t.Fatalf("%d findings, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) {
					t.Errorf("finding %d is %q, want %q in it", i, got[i], c.want[i])
				}
			}
		})
	}
}
