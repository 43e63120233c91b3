package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rvo.dev/dsl/compile"
	"rvo.dev/schema"
)

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "make a folder with a first pipeline",
		Long: `Make a folder (default: this one) with a first pipeline, and what a CUE editor needs to complete
and explain its fields: a module and the language of this build. Nothing that is there is
overwritten; nothing is fetched.

  rvo init yard
  rvo run yard

Exit code 0: made. 2: something is in the way, or cannot be written.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return initFolder(a, dir)
		},
	}
}

func initFolder(a *app, dir string) error {
	text, err := compile.SchemaFor(a.Kinds)
	if err != nil {
		return err
	}
	files := schema.InitFiles(text)
	// All are looked for first: half a folder would be in the way of the next try.
	for _, name := range sortedKeys(files) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			return fmt.Errorf("%s is there already and init overwrites nothing: name another folder (rvo init DIR)", file)
		}
	}
	for _, name := range sortedKeys(files) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := create(file, files[name]); err != nil {
			return err
		}
		fmt.Fprintln(a.Out, file)
	}
	return nil
}

// create writes a file that must not be there.
func create(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
