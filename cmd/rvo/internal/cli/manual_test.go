package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// The manual is rewritten by go test ./cmd/rvo/internal/cli -update.
var update = flag.Bool("update", false, "rewrite docs/cli.md")

// docs/cli.md is written from the commands' own texts.
func TestManual(t *testing.T) {
	root := newRoot(&app{})
	var b bytes.Buffer
	b.WriteString("# The commands\n\nWritten by `go test ./cmd/rvo/internal/cli -update` from the commands' own texts, which `rvo help COMMAND` prints.\n\n")
	b.WriteString("Every command exits with 0 where all went well, 1 for findings (faults of a pipeline, a failed test, a refused run) and 2\nwhere it could not do its work: wrong use, a file that cannot be read, something that is not in this build.\n\n")
	fmt.Fprintf(&b, "```\n%s\n```\n\n", root.Long)
	all := slices.Clone(commands(&app{}))
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			all = append(all, c)
		}
	}
	for _, c := range all {
		if !c.Hidden {
			manual(&b, c)
		}
	}
	file := filepath.Join("..", "..", "..", "..", "docs", "cli.md")
	got, err := os.ReadFile(file)
	if bytes.Equal(got, b.Bytes()) {
		return
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("docs/cli.md is not what the commands say (%v): run go test ./cmd/rvo/internal/cli -update", err)
}

// manual writes what is known of one command.
func manual(b *bytes.Buffer, c *cobra.Command) {
	c.InitDefaultHelpFlag()
	use := c.Use
	if c.HasAvailableSubCommands() {
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		use += " " + strings.Join(names, "|")
	}
	long := c.Long
	if c.HasAvailableSubCommands() || long == "" {
		long = strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
	}
	fmt.Fprintf(b, "## rvo %s\n\n```\nrvo %s\n\n%s\n", c.Name(), use, strings.TrimSpace(long))
	if flags := strings.TrimRight(c.LocalFlags().FlagUsages(), "\n"); flags != "" {
		fmt.Fprintf(b, "\nFlags:\n%s\n", flags)
	}
	b.WriteString("```\n\n")
}

// Every command says what it is for, in a line and in full, with an example, and how it exits.
func TestCommandsExplainThemselves(t *testing.T) {
	for _, c := range commands(&app{}) {
		if c.Hidden {
			continue
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.ToLower(c.Short[:1]) != c.Short[:1] {
			t.Errorf("rvo %s: short text %q: a few words, lower case, no full stop", c.Name(), c.Short)
		}
		if c.Name() != "version" && !strings.Contains(c.Long, "\n  rvo "+c.Name()) {
			t.Errorf("rvo %s: no example in\n%s", c.Name(), c.Long)
		}
		for line := range strings.Lines(c.Long) {
			if n := len([]rune(line)); n > 97 {
				t.Errorf("rvo %s: %d columns do not fit a terminal: %s", c.Name(), n, line)
			}
		}
	}
}
