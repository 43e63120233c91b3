package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	compose "github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages parses the Dockerfile as BuildKit does, with its linter.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	parsed, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, msg string, at []parser.Range) {
		t.Errorf("line %d: %s: %s", at[0].Start.Line, rule, msg)
	}})
	out, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDockerfile: stages that are named exist and come before, what ends in an image runs as somebody, and command lines are those
// of rvo.
func TestDockerfile(t *testing.T) {
	var names []string
	images := 0
	for _, s := range stages(t) {
		if !strings.Contains(s.BaseName, "/") && !slices.Contains(names, s.BaseName) {
			t.Errorf("stage %s is built on %s, which is no stage before it", s.Name, s.BaseName)
		}
		user, entry := "", false
		for _, c := range s.Commands {
			switch c := c.(type) {
			case *instructions.CopyCommand:
				if c.From != "" && !slices.Contains(names, c.From) {
					t.Errorf("stage %s copies from %s, which is no stage before it", s.Name, c.From)
				}
			case *instructions.UserCommand:
				user = c.User
			case *instructions.EntrypointCommand:
				entry = true
			case *instructions.CmdCommand:
				if err := knownFlags(c.CmdLine); err != nil {
					t.Errorf("stage %s: %v", s.Name, err)
				}
			case *instructions.HealthCheckCommand:
				if c.Health.Test[0] != "CMD" {
					t.Errorf("stage %s: the health check needs a shell", s.Name)
				}
				if err := knownFlags(c.Health.Test[2:]); err != nil {
					t.Errorf("stage %s: health check: %v", s.Name, err)
				}
			}
		}
		names = append(names, s.Name)
		if !entry {
			continue
		}
		images++
		if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
			t.Errorf("image %s runs as user %q", s.Name, user)
		}
	}
	if images != 2 {
		t.Errorf("%d images, want one with OpenCV and one without", images)
	}
}

// TestCompose: the file is one by the schema of compose files, its images and mounts exist, and rvo knows its command line.
func TestCompose(t *testing.T) {
	file := filepath.Join("..", "docker", "compose.yaml")
	p, err := loader.LoadWithContext(t.Context(), compose.ConfigDetails{
		WorkingDir: filepath.Join("..", "docker"), ConfigFiles: []compose.ConfigFile{{Filename: file}}, Environment: compose.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("rvo", true) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range stages(t) {
		names = append(names, s.Name)
	}
	for name, s := range p.Services {
		if s.Build != nil {
			if !slices.Contains(names, s.Build.Target) {
				t.Errorf("%s: the Dockerfile has no target %s", name, s.Build.Target)
			}
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := knownFlags(s.Command); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, v := range s.Volumes {
			if v.Type != compose.VolumeTypeBind || filepath.Base(v.Source) == "pipeline" { // made by who follows the file's first lines
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s is reachable from other machines at %s", name, port.Published)
			}
		}
	}
}
