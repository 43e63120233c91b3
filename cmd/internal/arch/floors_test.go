package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors says who may import whom: in "a < b" package b may import package a. Chains and lines are transitive. A package
// on no line fails the test. The text is the architecture: an edge is added here with a reason in the commit, never to
// make a build pass.
//
// In words: the engine knows nothing of CUE, of OpenCV or of the command line; nodes know engine/node and below, never
// engine or engine/graph; dsl knows graphs and the pure arithmetic but not the runtime; cmd knows everything.
const floors = `
engine/tick < engine/frame, engine/signal
engine/redact < engine/node, dsl, cmd/rvo/internal/logs
engine/frame, engine/signal < engine/event < engine/evidence < engine/node
engine/queue < engine/node < engine/graph < engine/sched < engine/analysis < engine < engine/enginetest
engine/node < engine/node/nodetest
engine/node < engine/isolate < engine
engine/node < nodes/detect/remote < nodes/detect/grpc, nodes/detect/kserve
engine/node < nodes/model < nodes/camera/*, nodes/detect/*, nodes/sink/*, nodes/cv, nodes/ort < nodes/all
proto/** < nodes/detect/grpc, nodes/detect/kserve, nodes/detect/grpc/example
schema < dsl
dsl, engine/graph < dsl/compile
dsl/compile, engine/analysis < dsl/vet < dsl/vet/vettest
dsl/compile, engine/sched < dsl/test < dsl/vet
dsl < dsl/report < cmd/rvo/internal/cli
dsl/compile < dsl/show < cmd/rvo/internal/cli
dsl/compile < dsl/draw < cmd/rvo/internal/cli
dsl/compile, engine/analysis < dsl/plan < cmd/rvo/internal/web
cmd/rvo/internal/watch, cmd/rvo/internal/models, cmd/rvo/internal/notify < cmd/rvo/internal/cli
cmd/rvo/internal/watch, engine, dsl/vet, dsl/plan, dsl/show < cmd/rvo/internal/reload < cmd/rvo/internal/cli
engine/graph < cmd/rvo/internal/profile < cmd/rvo/internal/cli
cmd/rvo/internal/web/api < cmd/rvo/internal/tui, cmd/rvo/internal/web, cmd/rvo/internal/web/console
cmd/rvo/internal/web/console < cmd/rvo/internal/cli
engine, dsl/vet, nodes/all < cmd/rvo/internal/trace < cmd/rvo/internal/cli
cmd/rvo/internal/logs, engine, dsl/vet < cmd/rvo/internal/tui, cmd/rvo/internal/web
dsl/compile, nodes/all < cmd/internal/arch
dsl/vet, dsl/test, bench, cmd/rvo/internal/tui, cmd/rvo/internal/web < cmd/rvo/internal/cli
cmd/rvo/internal/cli, nodes/all < cmd/rvo
engine, dsl/vet, nodes/all, proto/** < cmd/internal/accept
engine, engine/enginetest, dsl/compile < bench
dsl/vet, nodes/all < bench/vetspeed, bench/reloadspeed
engine, dsl/vet, nodes/all, proto/** < bench/remote
deploy/check
`

// lattice is floors, parsed: for each pattern, the patterns it may import.
type lattice map[string][]string

func parseFloors(text string) lattice {
	l := lattice{}
	for line := range strings.Lines(text) {
		var below []string
		for part := range strings.SplitSeq(strings.TrimSpace(line), "<") {
			var here []string
			for p := range strings.SplitSeq(part, ",") {
				if p = strings.TrimSpace(p); p != "" {
					here = append(here, p)
					l[p] = append(l[p], below...)
				}
			}
			below = here
		}
	}
	return l
}

// patterns returns the patterns that name a package.
func (l lattice) patterns(pkg string) []string {
	var out []string
	for p := range l {
		if matches(p, pkg) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

func matches(pattern, pkg string) bool {
	if base, ok := strings.CutSuffix(pattern, "/**"); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}

// allows reports whether from may import to.
func (l lattice) allows(from, to string) bool {
	seen := map[string]bool{}
	todo := slices.Clone(l.patterns(from))
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[p] {
			continue
		}
		seen[p] = true
		for _, below := range l[p] {
			if matches(below, to) {
				return true
			}
			todo = append(todo, below)
		}
	}
	return false
}

// checkFloors reports packages on no floor and imports that go up or across.
func checkFloors(text string) func(*tree) []string {
	return func(t *tree) []string {
		l := parseFloors(text)
		var out []string
		for _, p := range t.packages() {
			if len(l.patterns(p)) == 0 {
				out = append(out, fmt.Sprintf("package %s is on no floor: give it a line in floors (cmd/internal/arch/floors_test.go) and say in the commit why it exists", p))
			}
		}
		for _, f := range t.files {
			for spec, imp := range f.imports {
				to, ok := local(imp)
				if !ok || to == f.pkg || l.allows(f.pkg, to) {
					continue
				}
				if f.test && testMayImport(to) {
					continue
				}
				out = append(out, fmt.Sprintf("%s: %s imports %s, which is not below it: move what both need to a floor below both, or pass it in from cmd", t.at(spec), f.pkg, to))
			}
		}
		return out
	}
}

// testMayImport says what tests may use from anywhere: helpers for tests, and kinds, which a test hands in as cmd does.
func testMayImport(to string) bool {
	return strings.HasSuffix(to, "test") && to != "dsl/test" || to == "nodes" || strings.HasPrefix(to, "nodes/")
}

func TestFloors(t *testing.T) { report(t, checkFloors(floors)(repository(t))) }

func TestFloorsHaveNoCycle(t *testing.T) {
	l := parseFloors(floors)
	for p := range l {
		if !strings.Contains(p, "*") && l.allows(p, p) {
			t.Errorf("%s is above itself: break the circle in floors", p)
		}
	}
}

func TestFloorsFind(t *testing.T) {
	imports := func(pkg, imp string) string { return "package " + pkg + "\nimport _ \"rvo.dev/" + imp + "\"\n" }
	finds(t, checkFloors(floors), []planted{
		{"down is fine", map[string]string{"engine/event/a.go": imports("event", "engine/signal"), "engine/a.go": imports("engine", "engine/tick")}, nil},
		{"vet to engine", map[string]string{"dsl/vet/a.go": imports("vet", "engine")}, []string{"dsl/vet imports engine,"}},
		{"event to queue", map[string]string{"engine/event/a.go": imports("event", "engine/queue")}, []string{"engine/event imports engine/queue"}},
		{"engine to schema", map[string]string{"engine/a.go": imports("engine", "schema")}, []string{"engine imports schema"}},
		{"engine to nodes", map[string]string{"engine/a.go": imports("engine", "nodes/all")}, []string{"engine imports nodes/all"}},
		{"node to graph", map[string]string{"nodes/detect/motion/a.go": imports("motion", "engine/graph")}, []string{"nodes/detect/motion imports engine/graph"}},
		{"sink to proto", map[string]string{"nodes/sink/jsonl/a.go": imports("jsonl", "proto/rvo/detect/v1")}, []string{"nodes/sink/jsonl imports proto"}},
		{"grpc to proto is fine", map[string]string{"nodes/detect/grpc/a.go": imports("grpc", "proto/rvo/detect/v1")}, nil},
		{"dsl to cv", map[string]string{"dsl/a.go": imports("dsl", "nodes/cv")}, []string{"dsl imports nodes/cv"}},
		{"behind a build tag", map[string]string{"engine/a.go": "//go:build opencv\n\n" + imports("engine", "nodes/cv")}, []string{"engine imports nodes/cv"}},
		{"test may use kinds", map[string]string{"engine/a_test.go": imports("engine", "nodes/all")}, nil},
		{"test may not go up", map[string]string{"engine/event/a_test.go": imports("event", "engine/graph")}, []string{"engine/event imports engine/graph"}},
		{"new package", map[string]string{"util/a.go": "package util\n"}, []string{"package util is on no floor"}},
		{"kind to kind", map[string]string{"nodes/detect/motion/a.go": imports("motion", "nodes/detect/mog2")}, []string{"nodes/detect/motion imports"}},
	})
}
