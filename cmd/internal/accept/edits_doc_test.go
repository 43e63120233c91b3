package accept

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
)

var update = flag.Bool("update", false, "write the tables of docs/edits.md")

// TestEditsDoc: the tables of docs/edits.md are what the edits of this test and the contracts say, and every field asks something.
func TestEditsDoc(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "edits.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name, table := range map[string]string{"fields": fieldTable(t), "options": optionTable(t)} {
		begin := "<!-- " + name + ": made by go test ./cmd/internal/accept -run TestEditsDoc -update -->\n"
		end := "<!-- end of " + name + " -->\n"
		head, rest, ok := strings.Cut(text, begin)
		old, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s lacks %q or %q", path, begin, end)
		}
		if old != table && !*update {
			t.Errorf("the table of %s in docs/edits.md is not what they are: run go test ./cmd/internal/accept -run TestEditsDoc -update", name)
		}
		text = head + begin + table + end + tail
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func fieldTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| field | what it asks |\n|---|---|\n")
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	plain := compiled(t, with(t), kinds)
	for _, e := range edits() {
		from := plain
		if e.base != nil {
			from = compiled(t, with(t, e.base), kinds)
		}
		what := asks(from, compiled(t, with(t, e.base, e.to), kinds))
		if len(what) == 0 {
			t.Errorf("an edit of %s asks nothing of any node: who runs this would not see it", e.field)
		}
		if why := refused()[e.field]; why != "" {
			what = []string{"refused: " + why}
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", e.field, strings.Join(what, ", "))
	}
	no := noPart()
	for _, f := range slices.Sorted(maps.Keys(no)) {
		fmt.Fprintf(&b, "| `%s` | nothing: %s |\n", f, no[f])
	}
	return b.String() + "\n"
}

func optionTable(t *testing.T) string {
	t.Helper()
	set, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| kind | retuned | replaced | exclusive |\n|---|---|---|---|\n")
	for _, role := range []node.Role{node.RoleCamera, node.RoleDetector, node.RoleSink} {
		for _, k := range set.Of(role) {
			fmt.Fprintf(&b, "| %s `%s` |", role, k.Contract.Name)
			for _, class := range []node.Change{node.Retune, node.Replace, node.Exclusive} {
				var names []string
				for _, option := range slices.Sorted(maps.Keys(k.Contract.Changes)) {
					if k.Contract.Changes[option] == class {
						names = append(names, "`"+option+"`")
					}
				}
				fmt.Fprintf(&b, " %s |", strings.Join(names, " "))
			}
			b.WriteString("\n")
		}
	}
	return b.String() + "\n"
}
