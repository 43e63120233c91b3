package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"rvo.dev/dsl"
)

// everywhere ends a path that stands for everything below it, as Go's and CUE's tools write it.
const everywhere = "..."

// below returns the folder that a path with ... at its end stands for.
func below(p string) (dir string, ok bool) {
	dir, ok = strings.CutSuffix(filepath.ToSlash(p), everywhere)
	if !ok || dir != "" && !strings.HasSuffix(dir, "/") {
		return "", false
	}
	return filepath.Clean(filepath.FromSlash(dir)), true
}

// groups splits paths into pipelines: as dsl.Groups, and DIR/... into every pipeline below DIR.
func groups(paths []string) ([][]string, error) {
	var out [][]string
	var plain []string
	for _, p := range paths {
		dir, ok := below(p)
		if !ok {
			plain = append(plain, p)
			continue
		}
		found, err := pipelinesBelow(dir)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no pipeline there: none of the .cue files has an apiVersion: \"rvo/…\"", p)
		}
		out = append(out, found...)
	}
	return append(out, dsl.Groups(plain)...), nil
}

// pipelinesBelow returns the pipelines below a folder, by name: folders with a package that has an apiVersion, and files that
// have one and no package. Where a folder holds one such file, the others without a package belong to it, so the folder is
// named; where it holds several, each is its own.
func pipelinesBelow(root string) ([][]string, error) {
	alone := map[string][]string{} // files that are pipelines without a package, by folder
	whole := map[string]bool{}     // folders with a package that is one
	err := cueFilesBelow(root, func(file string) error {
		if strings.HasSuffix(file, "_test.cue") || strings.HasSuffix(file, "_tool.cue") {
			return nil
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !regexp.MustCompile(`(?m)\bapiVersion:\s*"rvo/`).Match(data) {
			return nil
		}
		dir := filepath.Dir(file)
		if regexp.MustCompile(`(?m)^package\s`).Match(data) {
			whole[dir] = true
		} else {
			alone[dir] = append(alone[dir], file)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out [][]string
	for dir := range whole {
		out = append(out, []string{dir})
	}
	for dir, files := range alone {
		if len(files) == 1 && !whole[dir] {
			files = []string{dir}
		}
		for _, file := range files {
			out = append(out, []string{file})
		}
	}
	slices.SortFunc(out, slices.Compare[[]string])
	return out, nil
}

// cueFilesBelow calls f for every .cue file below a folder, by name. Folders that CUE's tools pass over are left out: cue.mod,
// testdata and those whose name begins with . or _.
func cueFilesBelow(root string, f func(file string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
		switch {
		case d.IsDir() && p != root && (hidden || name == "cue.mod" || name == "testdata"):
			return fs.SkipDir
		case d.IsDir() || hidden || filepath.Ext(name) != ".cue":
			return nil
		}
		return f(p)
	})
}

// escapeGlob makes a path one that matches itself alone.
func escapeGlob(p string) string {
	var b bytes.Buffer
	for _, c := range p {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
