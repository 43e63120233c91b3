package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// starters are the packages that may say go, and what they start. Whoever starts a goroutine waits for it.
var starters = map[string]string{
	"engine":                  "cameras, lanes, sinks, the core and the evidence worker",
	"engine/enginetest":       "what stands in for them",
	"engine/isolate":          "what sees to a detector's own process, and cameras in it: there is no engine there",
	"cmd/rvo/internal/cli":    "the engine, the server and the signal handler of one run",
	"cmd/rvo/internal/web":    "the server",
	"cmd/rvo/internal/reload": "an attempt to reload, which a newer edit ends, and the wait for files",
	"bench":                   "load",
	"bench/remote":            "the service that is asked, and the engine that asks",
	"dsl":                     "an evaluation, which CUE cannot cancel, so that vet can give up on it",
}

// clocks are the functions of package time that read one or wait for one.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// clockless are the packages where time is an argument: the pure ones and evidence, whose windows are computed.
var clockless = append([]string{"engine/queue", "engine/evidence"}, purePackages...)

func checkGo(t *tree) []string {
	var out []string
	for _, f := range t.files {
		if f.test || starters[f.pkg] != "" || strings.HasSuffix(f.pkg, "test") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				out = append(out, fmt.Sprintf("%s: %s says go: only engine starts goroutines; let the engine call you, or block where you are called", t.at(n), f.pkg))
			case *ast.CallExpr:
				// sync.WaitGroup.Go and errgroup's are the same thing by another name.
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" && len(n.Args) == 1 {
					out = append(out, fmt.Sprintf("%s: %s starts a goroutine with .Go: only engine does; let the engine call you", t.at(n), f.pkg))
				}
			}
			return true
		})
	}
	return out
}

func checkClocks(t *tree) []string {
	var out []string
	for _, f := range t.files {
		if f.test || !slices.Contains(clockless, f.pkg) {
			continue
		}
		name := importName(f, "time")
		if name == "" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name && slices.Contains(clocks, s.Sel.Name) {
				out = append(out, fmt.Sprintf("%s: %s calls time.%s: time is an argument there; take a tick.Time", t.at(n), f.pkg, s.Sel.Name))
			}
			return true
		})
	}
	return out
}

// importName returns the name by which a file knows an import, "" when it does not have it.
func importName(f *file, want string) string {
	for spec, p := range f.imports {
		if p != want {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return want[strings.LastIndexByte(want, '/')+1:]
	}
	return ""
}

// checkState reports init functions and package variables that are neither errors nor embedded files, but for generated code.
func checkState(t *tree) []string {
	var out []string
	for _, f := range t.files {
		if f.test || generated(f.ast) {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					out = append(out, fmt.Sprintf("%s: init in %s: do it in a function that main calls", t.at(d), f.pkg))
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					out = append(out, variables(t, f, d)...)
				}
			}
		}
	}
	return out
}

func variables(t *tree, f *file, d *ast.GenDecl) []string {
	var out []string
	for _, s := range d.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok || embedded(d.Doc) || embedded(v.Doc) {
			continue
		}
		for _, n := range v.Names {
			if n.Name == "_" || strings.HasPrefix(strings.ToLower(n.Name), "err") {
				continue
			}
			out = append(out, fmt.Sprintf("%s: package variable %s in %s: make it a constant, a function that returns it, or a field", t.at(n), n.Name, f.pkg))
		}
	}
	return out
}

func embedded(c *ast.CommentGroup) bool {
	return c != nil && slices.ContainsFunc(c.List, func(l *ast.Comment) bool { return strings.HasPrefix(l.Text, "//go:embed ") })
}

func TestGoStatements(t *testing.T)   { report(t, checkGo(repository(t))) }
func TestClocks(t *testing.T)         { report(t, checkClocks(repository(t))) }
func TestNoPackageState(t *testing.T) { report(t, checkState(repository(t))) }

func TestGoStatementsFind(t *testing.T) {
	const body = "\nfunc f() { go f() }\n"
	finds(t, checkGo, []planted{
		{"engine", map[string]string{"engine/a.go": "package engine" + body}, nil},
		{"test", map[string]string{"engine/event/a_test.go": "package event" + body}, nil},
		{"node", map[string]string{"nodes/cv/a_opencv.go": "//go:build opencv\n\npackage cv" + body}, []string{"nodes/cv says go"}},
		{"wait group", map[string]string{"engine/event/a.go": "package event\nimport \"sync\"\nfunc f() { var w sync.WaitGroup; w.Go(f) }\n"}, []string{"starts a goroutine with .Go"}},
	})
}

func TestClocksFind(t *testing.T) {
	finds(t, checkClocks, []planted{
		{"duration is fine", map[string]string{"engine/event/a.go": "package event\nimport \"time\"\nvar d = time.Second\n"}, nil},
		{"now", map[string]string{"engine/event/a.go": "package event\nimport \"time\"\nvar d = time.Now()\n"}, []string{"engine/event calls time.Now"}},
		{"renamed", map[string]string{"engine/sched/a.go": "package sched\nimport tt \"time\"\nvar d = tt.After(1)\n"}, []string{"engine/sched calls time.After"}},
		{"engine may", map[string]string{"engine/a.go": "package engine\nimport \"time\"\nvar d = time.Now()\n"}, nil},
	})
}

func TestNoPackageStateFind(t *testing.T) {
	finds(t, checkState, []planted{
		{"errors and embeds", map[string]string{"engine/a.go": "package engine\nimport _ \"embed\"\n//go:embed x.cue\nvar x string\nvar ErrX, errY error\nvar _ = x\n"}, nil},
		{"variable", map[string]string{"engine/a.go": "package engine\nvar pool = 3\n"}, []string{"package variable pool"}},
		{"init", map[string]string{"engine/a.go": "package engine\nfunc init() {}\n"}, []string{"init in engine"}},
		{"generated", map[string]string{"proto/a/a.pb.go": "// Code generated by protoc-gen-go. DO NOT EDIT.\n\npackage a\nvar pool = 3\nfunc init() {}\n"}, nil},
		{"method init is fine", map[string]string{"engine/a.go": "package engine\ntype T int\nfunc (T) init() {}\n"}, nil},
	})
}
