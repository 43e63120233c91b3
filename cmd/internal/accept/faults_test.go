package accept

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFaults: every fault that docs/faults.md lists names a test or a transcript that exists.
func TestFaults(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	raw, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ([0-9]+) \\|.*\\| `([^`]+)` \\|$").FindAllStringSubmatch(string(raw), -1)
	if len(rows) < 25 {
		t.Fatalf("%d rows in docs/faults.md: the table is not what this test reads", len(rows))
	}
	for _, row := range rows {
		dir, name, isTest := strings.Cut(row[2], ":")
		if !isTest {
			if _, err := os.Stat(filepath.Join(root, row[2])); err != nil {
				t.Errorf("fault %s: there is no %s", row[1], row[2])
			}
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(src), "func "+name+"(")
		}
		if !found {
			t.Errorf("fault %s: package %s has no %s", row[1], dir, name)
		}
	}
}
