package arch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fence keeps a package of somebody else's, or of the standard library, inside the packages that are there for it.
type fence struct {
	outside string   // import path; with a final slash, everything below
	inside  []string // patterns of our packages
	tests   bool     // tests anywhere may use it too
	why     string
}

var cueUsers = []string{"schema", "dsl", "dsl/*", "dsl/vet/vettest", "cmd/internal/arch"}

// fences lists what must not spread, and why.
var fences = []fence{
	{"C", []string{"nodes/cv", "nodes/ort"}, false, "cgo in a second place means headers, cross-compiling and the race detector break for everybody: put it in nodes/cv"},
	{"gocv.io/x/gocv", []string{"nodes/cv"}, false, "OpenCV is in nodes/cv only, so that everything else builds without it: hand a frame to a kind there"},
	{"gocv.io/x/gocv/", []string{"nodes/cv"}, false, "OpenCV is in nodes/cv only, so that everything else builds without it"},
	{"github.com/yalue/onnxruntime_go", []string{"nodes/ort"}, true, "ONNX Runtime is in nodes/ort only: write to model.Runtime"},
	{"cuelang.org/go/", cueUsers, false, "the engine and the nodes know no CUE: they get a graph.Spec and JSON options; compile it in dsl/compile"},
	{"google.golang.org/grpc", []string{"nodes/detect/*", "nodes/detect/grpc/example", "bench/remote", "proto/**"}, true, "gRPC is a kind's own business: nodes/detect/grpc"},
	{"google.golang.org/grpc/", []string{"nodes/detect/*", "nodes/detect/grpc/example", "bench/remote", "proto/**"}, true, "gRPC is a kind's own business: nodes/detect/grpc"},
	{"github.com/spf13/", []string{"cmd/rvo/internal/cli"}, false, "the flag library stays in cli, so that it can be changed"},
	{"charm.land/", []string{"cmd/rvo/internal/tui"}, false, "the terminal's toolkit stays in tui, so that it can be changed"},
	{"github.com/charmbracelet/", []string{"cmd/rvo/internal/tui"}, false, "the terminal's toolkit stays in tui, so that it can be changed"},
	{"github.com/prometheus/", []string{"engine", "engine/enginetest", "bench", "bench/remote", "cmd/rvo/internal/*"}, true, "metrics are the shell's: return the number and let engine export it"},
	{"net", append([]string{"engine", "nodes/**", "cmd/**", "bench", "bench/remote"}, "engine/enginetest"), true, "only kinds and cmd talk to a network"},
	{"net/http", []string{"nodes/**", "cmd/**", "bench", "bench/reloadspeed"}, true, "only kinds and cmd talk to a network"},
	{"unsafe", []string{"engine/frame", "nodes/cv", "nodes/ort", "proto/**"}, true, "memory is managed in engine/frame, and handed to C in nodes/cv"},
	{"reflect", []string{"engine/node", "engine/node/nodetest", "dsl", "dsl/*", "schema", "cmd/internal/arch", "proto/**"}, true, "the live path has types: reflection belongs where text becomes values"},
}

// purePackages are functions of their input: no clock, no files, no goroutine, so that the same log gives the same
// decisions on any machine.
var purePackages = []string{
	"engine/tick", "engine/signal", "engine/event", "engine/graph", "engine/sched", "engine/analysis",
}

var impureImports = []string{"os", "net", "net/http", "io/ioutil", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "syscall", "os/exec"}

// checkFences reports imports that left their fence.
func checkFences(t *tree) []string {
	var out []string
	for _, f := range t.files {
		for spec, imp := range f.imports {
			for _, fence := range fences {
				in := imp == fence.outside || strings.HasSuffix(fence.outside, "/") && strings.HasPrefix(imp, fence.outside)
				if !in || f.test && fence.tests || slices.ContainsFunc(fence.inside, func(p string) bool { return matches(p, f.pkg) }) {
					continue
				}
				out = append(out, fmt.Sprintf("%s: %s imports %q: %s", t.at(spec), f.pkg, imp, fence.why))
			}
			if !f.test && slices.Contains(purePackages, f.pkg) && slices.Contains(impureImports, imp) {
				out = append(out, fmt.Sprintf("%s: %s is pure and imports %q: take what you need from it as an argument", t.at(spec), f.pkg, imp))
			}
		}
	}
	return out
}

func TestFences(t *testing.T) { report(t, checkFences(repository(t))) }

func TestFencesFind(t *testing.T) {
	imports := func(pkg, imp string) string { return "package " + pkg + "\nimport _ \"" + imp + "\"\n" }
	finds(t, checkFences, []planted{
		{"cgo in cv is fine", map[string]string{"nodes/cv/a.go": imports("cv", "C")}, nil},
		{"cgo in engine", map[string]string{"engine/a.go": imports("engine", "C")}, []string{`engine imports "C"`}},
		{"gocv behind a tag", map[string]string{"engine/frame/a_opencv.go": "//go:build cgo && opencv\n\n" + imports("frame", "gocv.io/x/gocv")}, []string{"gocv"}},
		{"CUE in a node", map[string]string{"nodes/detect/motion/a.go": imports("motion", "cuelang.org/go/cue")}, []string{"know no CUE"}},
		{"CUE in dsl is fine", map[string]string{"dsl/compile/a.go": imports("compile", "cuelang.org/go/cue")}, nil},
		{"random core", map[string]string{"engine/sched/a.go": imports("sched", "math/rand/v2")}, []string{"engine/sched is pure"}},
		{"core with a file", map[string]string{"engine/event/a.go": imports("event", "os")}, []string{"engine/event is pure"}},
		{"test of the core with a file is fine", map[string]string{"engine/event/a_test.go": imports("event", "os")}, nil},
		{"metrics in a node", map[string]string{"nodes/sink/jsonl/a.go": imports("jsonl", "github.com/prometheus/client_golang/prometheus")}, []string{"metrics are the shell's"}},
	})
}
