package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/nodes/all"
)

// documents returns the texts that people read, by path from the repository's root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..")
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(p) != ".md" {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		out[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 4 {
		t.Fatalf("only %d documents found", len(out))
	}
	return out
}

// foreign are flags of other programs that documents mention.
var foreign = []string{"update", "tags", "short", "race", "no-install-recommends", "model"}

// strayFlags returns the --flags in text that no command has.
func strayFlags(root *cobra.Command, text string) []string {
	known := slices.Clone(foreign)
	add := func(f *pflag.Flag) { known = append(known, f.Name) }
	for _, c := range append(root.Commands(), root) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		c.Flags().VisitAll(add)
		known = append(known, "version", "help")
	}
	var out []string
	for _, m := range regexp.MustCompile("(?:^|[\\s`\"(])--([a-z][a-z-]+)").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

func TestDocumentsNameFlagsThatExist(t *testing.T) {
	root := newRoot(&app{})
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue // tells of flags that were, too
		}
		for _, f := range strayFlags(root, text) {
			t.Errorf("%s: rvo has no flag --%s: correct the document, or list the flag in foreign if another program has it", name, f)
		}
	}
	if got := strayFlags(root, "run with --http off, `--htpp`, --for"); !slices.Equal(got, []string{"htpp"}) {
		t.Errorf("of a text with one wrong flag: %v", got)
	}
}

func TestReadmeNamesEveryCommand(t *testing.T) {
	readme := documents(t)["README.md"]
	for _, c := range commands(&app{}) {
		if !c.Hidden && !strings.Contains(readme, "rvo "+c.Name()) {
			t.Errorf("README.md does not name rvo %s: add it to the table of commands", c.Name())
		}
	}
}

func TestDocumentsNameCommandsThatExist(t *testing.T) {
	known := []string{"help", "completion"}
	for _, c := range commands(&app{}) {
		known = append(known, c.Name())
	}
	command := regexp.MustCompile("`rvo ([a-z]+)")
	for name, text := range documents(t) {
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: there is no command rvo %s: correct the document", name, m[1])
			}
		}
	}
}

// TestReadmePipelineVets holds the pipeline a newcomer copies to the language.
func TestReadmePipelineVets(t *testing.T) {
	_, rest, ok := strings.Cut(documents(t)["README.md"], "```cue\n")
	text, _, closed := strings.Cut(rest, "\n```")
	if !ok || !closed {
		t.Fatal("README.md has no ```cue block")
	}
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	r, err := vet.Vet(t.Context(), []string{"readme.cue"}, vet.Options{
		Kinds: kinds, Dir: t.TempDir(), Files: map[string][]byte{"readme.cue": []byte(text + "\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) > 0 {
		var b strings.Builder
		_ = dsl.WriteText(&b, r.Findings, 0)
		t.Errorf("the pipeline in README.md:\n%s", b.String())
	}
}

func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			p := filepath.Join("..", "..", "..", "..", filepath.Dir(name), m[1])
			if _, err := os.Stat(p); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}
