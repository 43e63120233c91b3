package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "rvo.dev"

// tree is the sources of the module, parsed.
type tree struct {
	fset  *token.FileSet
	files []*file
}

// file is one Go file.
type file struct {
	path string // slash-separated, relative to the root
	pkg  string // its package's path without the module, "" for the root
	test bool
	ast  *ast.File
}

// load parses every Go file below the root of fsys, whatever its build tags.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "bin" || name == "dist") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(t.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := path.Dir(p)
		if pkg == "." {
			pkg = ""
		}
		t.files = append(t.files, &file{path: p, pkg: pkg, test: strings.HasSuffix(name, "_test.go"), ast: f})
		return nil
	})
	return t, err
}

// packages returns the packages' paths, sorted.
func (t *tree) packages() []string {
	var out []string
	for _, f := range t.files {
		if !slices.Contains(out, f.pkg) {
			out = append(out, f.pkg)
		}
	}
	slices.Sort(out)
	return out
}

func (t *tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// imports returns the paths a file imports, with where.
func (f *file) imports(yield func(spec *ast.ImportSpec, path string) bool) {
	for _, i := range f.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil && !yield(i, p) {
			return
		}
	}
}

// local returns the module's package that an import path names.
func local(imp string) (string, bool) {
	if imp == module {
		return "", true
	}
	return strings.CutPrefix(imp, module+"/")
}

// root returns the repository's root: the folder with go.mod above this package.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above this package")
		}
		dir = up
	}
}

// repository parses the real sources.
func repository(t *testing.T) *tree {
	t.Helper()
	tr, err := load(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.files) < 20 {
		t.Fatalf("only %d Go files found below %s", len(tr.files), root(t))
	}
	return tr
}

// report fails the test with every finding.
func report(t *testing.T, findings []string) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}
