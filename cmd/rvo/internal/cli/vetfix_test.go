package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rvo.dev/dsl"
)

func TestEdit(t *testing.T) {
	at := func(line, col int, old, text string) dsl.Fix {
		return dsl.Fix{Place: dsl.Place{File: "a.cue", Line: line, Col: col}, Old: old, New: text}
	}
	for _, c := range []struct {
		name, in string
		fixes    []dsl.Fix
		want     string
		n        int
	}{
		{"one", "a: fsp: 5\n", []dsl.Fix{at(1, 4, "fsp", "fps")}, "a: fps: 5\n", 1},
		{"two in a line", "fsp: 5, rnig: 2\n", []dsl.Fix{at(1, 1, "fsp", "fps"), at(1, 9, "rnig", "ring")}, "fps: 5, ring: 2\n", 2},
		{"of other lengths", "a\nbb\nccc\n", []dsl.Fix{at(1, 1, "a", "aaaa"), at(3, 1, "ccc", "c"), at(2, 2, "b", "")}, "aaaa\nb\nc\n", 3},
		{"insertion", "hold: \"5\"", []dsl.Fix{at(1, 9, "", "s")}, "hold: \"5s\"", 1},
		{"at the end", "a", []dsl.Fix{at(1, 2, "", "b")}, "ab", 1},
		{"twice the same", "fsp: 5", []dsl.Fix{at(1, 1, "fsp", "fps"), at(1, 1, "fsp", "fps")}, "fps: 5", 1},
		{"overlapping", "abcd", []dsl.Fix{at(1, 1, "abc", "x"), at(1, 3, "cd", "y")}, "aby", 1},
		{"something else stands there", "fps: 5", []dsl.Fix{at(1, 1, "fsp", "fps")}, "fps: 5", 0},
		{"beyond the end", "a\n", []dsl.Fix{at(7, 1, "a", "b"), at(1, 9, "a", "b"), at(0, 1, "a", "b"), at(1, 0, "a", "b")}, "a\n", 0},
	} {
		got, n := edit([]byte(c.in), c.fixes)
		if string(got) != c.want || n != c.n {
			t.Errorf("%s: %q, %d edits; want %q, %d", c.name, got, n, c.want, c.n)
		}
	}
}

// Edits of whole words give what replacing the words one by one gives, in whatever order they come.
func TestEditIsReplacing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,5}`), 1, 4), 1, 5).Draw(t, "lines")
		var text, want strings.Builder
		var fixes []dsl.Fix
		for i, words := range lines {
			for j, w := range words {
				if j > 0 {
					text.WriteByte(' ')
					want.WriteByte(' ')
				}
				if !rapid.Bool().Draw(t, "mend") {
					text.WriteString(w)
					want.WriteString(w)
					continue
				}
				col := text.Len() - strings.LastIndexByte(text.String(), '\n')
				fixes = append(fixes, dsl.Fix{Place: dsl.Place{File: "a", Line: i + 1, Col: col}, Old: w, New: w + "!"})
				text.WriteString(w)
				want.WriteString(w + "!")
			}
			text.WriteByte('\n')
			want.WriteByte('\n')
		}
		n := len(fixes)
		if n > 0 {
			fixes = rapid.Permutation(fixes).Draw(t, "order")
		}
		got, made := edit([]byte(text.String()), fixes)
		if string(got) != want.String() || made != n {
			t.Fatalf("%d of %d edits of %q give %q, want %q", made, n, text.String(), got, want.String())
		}
	})
}

// A file keeps its rights, and a link to it stays a link.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "a.cue"), filepath.Join(dir, "link.cue")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.cue", link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != "a.cue" {
		t.Errorf("link to %q, %v", to, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := replaceFile(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a file that is not there was replaced")
	}
}
