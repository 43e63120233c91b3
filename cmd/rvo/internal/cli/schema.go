package cli

import (
	"github.com/spf13/cobra"

	"rvo.dev/dsl/compile"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print the pipeline language of this build, in CUE",
		Long: `Print schema.cue: every field of a pipeline with its meaning, bounds and default, and the
options of every kind this build knows. Put it where an editor finds it for completion:

  rvo schema | less
  mkdir -p cue.mod/pkg/rvo.dev/schema && rvo schema >cue.mod/pkg/rvo.dev/schema/schema.cue`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return printSchema(a) },
	}
}

func printSchema(a *app) error {
	text, err := compile.SchemaFor(a.Kinds)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}
