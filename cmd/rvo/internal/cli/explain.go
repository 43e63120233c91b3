package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "say what a finding's code is about",
		Long: `Say what a code of vet's findings is about: why it is wrong, an example and its cure. Without a
CODE, list all codes with a few words each.

  rvo explain RVO200
  rvo explain

Exit code 0: explained. 2: there is no such code.`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, c := range vet.Codes() {
				out = append(out, c.Code+"\t"+c.Name)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return explain(a.Out, args) },
	}
}

func explain(w io.Writer, args []string) error {
	codes := vet.Codes()
	if len(args) == 0 {
		for _, c := range codes {
			fmt.Fprintf(w, "%s  %s\n", c.Code, c.Name)
		}
		return nil
	}
	byCode := map[string]vet.Code{}
	for _, c := range codes {
		byCode[c.Code] = c
	}
	// All are looked up first: half an answer and an error would be neither.
	var found []vet.Code
	for _, arg := range args {
		code := strings.ToUpper(arg)
		if len(code) == 3 {
			code = "RVO" + code
		}
		c, ok := byCode[code]
		if !ok {
			return fmt.Errorf("there is no code %s: %s", arg, dsl.DidYouMean(code, sortedKeys(byCode), "there are"))
		}
		found = append(found, c)
	}
	for i, c := range found {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s\n\n%s\n", c.Code, c.Name, fill(c.Doc))
		section(w, "Example", c.Example)
		section(w, "Cure", c.Cure)
	}
	return nil
}

// section prints a pipeline below a title, indented.
func section(w io.Writer, title, text string) {
	if text = strings.Trim(text, "\n"); text == "" {
		return
	}
	fmt.Fprintf(w, "\n%s:\n\n", title)
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w, strings.TrimRight("    "+line, " "))
	}
}

// columns is how wide prose is printed.
const columns = 90

// fill breaks prose into lines; paragraphs stay apart.
func fill(text string) string {
	var out []string
	for p := range strings.SplitSeq(text, "\n\n") {
		line := ""
		for word := range strings.FieldsSeq(p) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > columns {
				out = append(out, line)
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		out = append(out, line, "")
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}
