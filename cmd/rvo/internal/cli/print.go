package cli

import (
	"context"

	"github.com/spf13/cobra"

	"rvo.dev/dsl/show"
)

type printFlags struct {
	tags     []string
	defaults bool
}

func newPrint(a *app) *cobra.Command {
	var f printFlags
	cmd := &cobra.Command{
		Use:   "print PATH...",
		Short: "print a pipeline as it is evaluated",
		Long: `Print the one pipeline that PATH names as it is after imports, templates, tags and embedded
files: one file of CUE, a pipeline again. With --defaults every default is written out, and
marked: "default" is a fixed one, "computed" one that depends on the rest of the pipeline.

  rvo print -t site=hamburg pipelines/site
  rvo print --defaults gate.cue

Secrets stay references; a password in a URL is replaced by ***.

Exit code 0: printed. 1: the pipeline has errors. 2: could not look.`,
		Args: needPath("print"),
		RunE: func(cmd *cobra.Command, args []string) error { return printPipeline(cmd.Context(), a, f, args) },
	}
	cmd.Flags().BoolVar(&f.defaults, "defaults", false, "write defaults out, and say which they are")
	addTags(cmd.Flags(), &f.tags)
	return cmd
}

func printPipeline(ctx context.Context, a *app, f printFlags, paths []string) error {
	in, err := a.sound(ctx, paths, f.tags)
	if err != nil {
		return err
	}
	var text []byte
	if f.defaults {
		text, err = show.Defaults(in.doc, in.spec, in.graph)
	} else {
		text, err = show.Pipeline(in.doc)
	}
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}
