package all

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

var update = flag.Bool("update", false, "write the table of kinds into nodes/README.md")

func TestSet(t *testing.T) {
	set, err := Set()
	if err != nil {
		t.Fatal(err)
	}
	// A kind that is lost takes pipelines with it.
	for role, names := range map[node.Role][]string{
		node.RoleCamera:   {"device", "file", "http", "images", "rtsp", "synthetic"},
		node.RoleDetector: {"busy", "dummy", "external", "grpc", "haar", "hog", "jitter", "kserve", "mog2", "motion", "scripted"},
		node.RoleSink:     {"jsonl", "stdout"},
	} {
		var got []string
		for _, k := range set.Of(role) {
			got = append(got, k.Contract.Name)
		}
		for _, name := range names {
			if !slices.Contains(got, name) {
				t.Errorf("there is no %s kind %q", role, name)
			}
		}
	}
}

// The table between these lines of nodes/README.md is made from contracts.
const (
	begin = "<!-- kinds: made by go test ./nodes/all -update -->\n"
	end   = "<!-- end of kinds -->\n"
)

func TestReadme(t *testing.T) {
	path := filepath.Join("..", "README.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(b), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the line %q or the line %q", path, begin, end)
	}
	want := table(t)
	switch {
	case *update:
		if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != want:
		t.Error("the table of kinds in nodes/README.md is not what contracts say: run go test ./nodes/all -update")
		there, said := strings.Split(old, "\n"), strings.Split(want, "\n")
		for _, row := range there {
			if !slices.Contains(said, row) {
				t.Errorf("there:     %s", row)
			}
		}
		for _, row := range said {
			if !slices.Contains(there, row) {
				t.Errorf("contracts: %s", row)
			}
		}
	}
}

// table writes the kinds of every build; nothing in it may depend on what this one has.
func table(t *testing.T) string {
	t.Helper()
	set, err := Set()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, role := range []node.Role{node.RoleCamera, node.RoleDetector, node.RoleSink} {
		fmt.Fprintf(&b, "\n### %ss\n\n", strings.ToUpper(role.String()[:1])+role.String()[1:])
		switch role {
		case node.RoleDetector:
			b.WriteString("| kind | what it gives | signals | one run | looks at |\n|---|---|---|---|---|\n")
		case node.RoleCamera:
			b.WriteString("| kind | what it is | goes on without us |\n|---|---|---|\n")
		case node.RoleSink:
			b.WriteString("| kind | what it is | more than one with the same options |\n|---|---|---|\n")
		}
		for _, k := range set.Of(role) {
			c := &k.Contract
			doc, _, _ := strings.Cut(c.Doc, "\n")
			doc, _, _ = strings.Cut(doc, ". ")
			fmt.Fprintf(&b, "| `%s` | %s |", c.Name, strings.ReplaceAll(doc, "|", `\|`))
			switch role {
			case node.RoleDetector:
				fmt.Fprintf(&b, " %s | %s | %s |\n", signals(t, c), c.Cost, map[bool]string{true: "nothing", false: "pictures"}[c.NoFrame])
			case node.RoleCamera:
				fmt.Fprintf(&b, " %s |\n", map[bool]string{true: "yes", false: "no, may run in lockstep"}[c.Live])
			case node.RoleSink:
				fmt.Fprintf(&b, " %s |\n", map[bool]string{true: "no", false: "yes"}[c.Exclusive])
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}

// signals names what a detector gives without options.
func signals(t *testing.T, c *node.Contract) string {
	t.Helper()
	emits, err := c.Emits([]byte("{}"))
	if err != nil || len(emits) == 0 {
		return "as its options say"
	}
	var names []string
	for _, e := range emits {
		names = append(names, fmt.Sprintf("`%s` %s", e.Name, e.Type))
	}
	return strings.Join(names, ", ")
}
