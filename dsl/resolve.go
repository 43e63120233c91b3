package dsl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/parser"
)

// target is what a user's paths name.
type target struct {
	args  []string // for the CUE loader
	dir   string   // where the loader runs
	root  string   // the module's root, where cue.mod is or would be
	files []string // the files that are known before loading, absolute
	name  string
	shown string // what the user named, for findings without a place
	pkg   bool   // a package path: the folder is known after loading
}

// Groups splits command line arguments into pipelines: .cue files belong together, every folder and package path is one
// of its own. The order is that of each pipeline's first argument.
func Groups(paths []string) [][]string {
	var groups [][]string
	at := -1
	for _, p := range paths {
		switch {
		case !isFile(p):
			groups = append(groups, []string{p})
		case at < 0:
			at = len(groups)
			groups = append(groups, []string{p})
		default:
			groups[at] = append(groups[at], p)
		}
	}
	return groups
}

func isFile(p string) bool { return strings.HasSuffix(p, ".cue") }

// Name returns what a pipeline of these paths is called, whether or not it can be read: Document.Name of one that can.
func Name(dir string, paths []string) string {
	dir, err := absDir(dir)
	if err != nil || len(paths) == 0 {
		return ""
	}
	if t, _, err := resolve(newSources(dir, nil), paths, false); err == nil && t != nil {
		return t.name
	}
	return strings.TrimSuffix(filepath.Base(absIn(dir, paths[0])), ".cue")
}

// resolve finds what the paths name. A nil target comes with findings that say why.
func resolve(src *sources, paths []string, tests bool) (*target, []Finding, error) {
	switch groups := Groups(paths); {
	case len(groups) == 0:
		return nil, nil, errors.New("no pipeline named: give a file, a folder or a package")
	case len(groups) > 1:
		return nil, nil, fmt.Errorf("%s and %s are different pipelines: name one, or the files of one", groups[0][0], groups[1][0])
	}
	if info, err := os.Stat(absIn(src.dir, paths[0])); isFile(paths[0]) && (err != nil || !info.IsDir()) {
		return resolveFiles(src, paths)
	}
	p := paths[0]
	dir := absIn(src.dir, p)
	if info, err := os.Stat(dir); err == nil && info.IsDir() || hasOverlay(src, dir) {
		t, fs := resolveFolder(src, dir, tests)
		return t, fs, nil
	} else if err == nil {
		return nil, []Finding{{
			Code: CodeRead, Place: Place{File: p}, Message: "is not a pipeline: its name does not end in .cue",
			Hint: "give a .cue file, a folder or a package path",
		}}, nil
	} else if !packagePath(p) {
		return nil, []Finding{cannotRead(p, err)}, nil
	}
	return &target{args: []string{p}, dir: src.dir, root: moduleRoot(src.dir), name: packageName(p), shown: p, pkg: true}, nil, nil
}

func resolveFiles(src *sources, paths []string) (*target, []Finding, error) {
	t := &target{shown: paths[0]}
	var findings []Finding
	for _, p := range paths {
		file := absIn(src.dir, p)
		if _, err := src.read(file); err != nil {
			findings = append(findings, cannotRead(p, err))
		}
		if !slices.Contains(t.files, file) {
			t.files = append(t.files, file)
		}
	}
	t.args = t.files
	t.dir = filepath.Dir(t.files[0])
	t.root = moduleRoot(t.dir)
	t.name = strings.TrimSuffix(filepath.Base(t.files[0]), ".cue")
	if len(t.files) > 1 {
		t.name = filepath.Base(t.dir)
	}
	return t, findings, nil
}

// resolveFolder takes the package of a folder, or all its files where none has a package clause.
func resolveFolder(src *sources, dir string, tests bool) (*target, []Finding) {
	files, err := cueFiles(src, dir, tests)
	if err != nil {
		return nil, []Finding{cannotRead(src.rel(dir), err)}
	}
	if len(files) == 0 {
		return nil, []Finding{{
			Code: CodeRead, Place: Place{File: src.rel(dir)}, Message: "folder holds no .cue file",
			Hint: "a pipeline is a .cue file, a folder with .cue files or a package path",
		}}
	}
	t := &target{dir: dir, root: moduleRoot(dir), name: filepath.Base(dir), shown: dir}
	byPackage := map[string][]string{}
	for _, file := range files {
		data, err := src.read(file)
		if err != nil {
			return nil, []Finding{cannotRead(src.rel(file), err)}
		}
		// Faults of the text are found again, and all of them, when the file is read as a whole.
		f, _ := parser.ParseFile(file, data, parser.PackageClauseOnly)
		name := ""
		if f != nil {
			name = f.PackageName()
		}
		byPackage[name] = append(byPackage[name], file)
	}
	bare := byPackage[""]
	delete(byPackage, "")
	names := slices.Sorted(maps.Keys(byPackage))
	switch len(names) {
	case 0:
		t.files, t.args = bare, bare
		return t, nil
	case 1:
	default:
		var related []Related
		for _, n := range names {
			related = append(related, Related{Place{File: src.rel(byPackage[n][0])}, "package " + n})
		}
		return nil, []Finding{{
			Code: CodeImport, Place: Place{File: src.rel(dir)}, Related: related,
			Message: "folder holds several packages: " + strings.Join(names, ", "),
			Hint:    "name the files of one pipeline, or give each its own folder",
		}}
	}
	var findings []Finding
	for _, file := range bare {
		findings = append(findings, Finding{
			Code: CodeImport, Severity: Warning, Place: Place{File: src.rel(file)},
			Message: "has no package clause and is left out of package " + names[0],
			Hint:    "begin it with: package " + names[0],
		})
	}
	t.files, t.args = byPackage[names[0]], []string{"."}
	return t, findings
}

// cueFiles lists the .cue files of a folder that a package is made of, those in memory included, and with tests those of
// its tests.
func cueFiles(src *sources, dir string, tests bool) ([]string, error) {
	found := map[string]bool{}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			found[filepath.Join(dir, e.Name())] = true
		}
	}
	for file := range src.files {
		if filepath.Dir(file) == dir {
			found[file] = true
		}
	}
	var files []string
	for _, file := range slices.Sorted(maps.Keys(found)) {
		base := filepath.Base(file)
		if !isFile(base) || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") ||
			!tests && strings.HasSuffix(base, "_test.cue") || strings.HasSuffix(base, "_tool.cue") {
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

func hasOverlay(src *sources, dir string) bool {
	for file := range src.files {
		if filepath.Dir(file) == dir {
			return true
		}
	}
	return false
}

// moduleRoot returns the folder with the cue.mod that dir belongs to; dir itself where there is none.
func moduleRoot(dir string) string {
	for at := dir; ; {
		if info, err := os.Stat(filepath.Join(at, "cue.mod")); err == nil && info.IsDir() {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			return dir
		}
		at = up
	}
}

// packagePath reports whether p could be the path of a CUE package rather than that of a file.
func packagePath(p string) bool {
	first, _, more := strings.Cut(p, "/")
	return more && strings.Contains(strings.Trim(first, "."), ".") && !strings.Contains(p, "...")
}

func packageName(p string) string {
	p, _, _ = strings.Cut(p, "@")
	p, name, ok := strings.Cut(p, ":")
	if ok {
		return name
	}
	return p[strings.LastIndexByte(p, '/')+1:]
}

func cannotRead(p string, err error) Finding {
	f := Finding{Code: CodeRead, Place: Place{File: p}}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Message = "does not exist"
		f.Hint = "give a .cue file, a folder or a package path"
	case errors.Is(err, fs.ErrPermission):
		f.Message = "may not be read by this user"
	default:
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		f.Message = "cannot be read: " + err.Error()
	}
	return f
}
