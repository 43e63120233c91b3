package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"rvo.dev/dsl"
	"rvo.dev/dsl/show"
)

func newFmt(a *app) *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:   "fmt PATH...",
		Short: "bring files into the one form",
		Long: `Bring .cue files into the one form that CUE's own formatter gives them; comments stay. PATH is
a file, a folder for all .cue files in it, tests too, or DIR/... for those in the folders below
as well. What cannot be read is left alone.

  rvo fmt gate.cue
  rvo fmt --check ./...

The names of files that were changed go to standard output; with --check nothing is changed
and they are those that would be.

Exit code 0: all files are in form. 1: --check found one that is not, or a file is not CUE.
2: a file could not be read or written.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("fmt needs a PATH: a .cue file or a folder")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return formatFiles(a, check, args) },
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, exit with 1 where something would")
	return cmd
}

func formatFiles(a *app, check bool, paths []string) error {
	files, err := formatted(paths)
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	var findings []dsl.Finding
	stray := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text, fs := show.Source(dir, file, data)
		findings = append(findings, fs...)
		if len(fs) > 0 || bytes.Equal(text, data) {
			continue
		}
		stray = true
		if !check {
			if err := replaceFile(file, text); err != nil {
				return err
			}
		}
		fmt.Fprintln(a.Out, file)
	}
	if err := printFindings(a, dsl.Sort(findings)); err != nil {
		return err
	}
	if check && stray {
		return quiet(ExitFindings)
	}
	return nil
}

// formatted returns the .cue files that paths name, each once.
func formatted(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		if dir, ok := below(p); ok {
			err := cueFilesBelow(dir, func(file string) error {
				out = append(out, file)
				return nil
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			if filepath.Ext(p) != ".cue" {
				return nil, fmt.Errorf("%s is not CUE: its name does not end in .cue", p)
			}
			out = append(out, p)
			continue
		}
		found, err := filepath.Glob(filepath.Join(escapeGlob(p), "*.cue"))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s holds no .cue file", p)
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
