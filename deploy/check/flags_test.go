package check

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// knownFlags says which flag of a command line of rvo does not exist, by docs/cli.md, which is generated from the program.
func knownFlags(line []string) error {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		return err
	}
	if len(line) == 0 {
		return fmt.Errorf("no command")
	}
	_, section, ok := strings.Cut(string(doc), "\n## rvo "+line[0]+"\n")
	if !ok {
		return fmt.Errorf("rvo %s: no such command", line[0])
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, word := range line[1:] {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		name, _, _ := strings.Cut(word, "=")
		if !regexp.MustCompile(`(?m)^\s+(-\w, )?` + regexp.QuoteMeta(name) + `\b`).MatchString(section) {
			return fmt.Errorf("rvo %s has no flag %s", line[0], name)
		}
	}
	return nil
}
