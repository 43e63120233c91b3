package cli

import (
	"github.com/spf13/cobra"

	"rvo.dev/dsl/compile"
	"rvo.dev/engine/node"
	"rvo.dev/schema"
)

func newSchema(a *app) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "print the pipeline language of this build, in CUE",
		Long: `Print schema.cue: every field of a pipeline with its meaning, bounds and default, and the
options of every kind this build knows. rvo init puts it where an editor finds it; after an
upgrade, renew it there:

  rvo schema >cue.mod/pkg/rvo.dev/schema/schema.cue
  rvo schema --json-schema >pipeline.schema.json

--json-schema prints a JSON Schema for editors that do not know CUE. It lets pass some of what
rvo vet refuses.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return printSchema(a, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json-schema", false, "print it as a JSON Schema (draft 2020-12)")
	return cmd
}

func printSchema(a *app, asJSON bool) error {
	text, err := schemaText(a.Kinds, asJSON)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(text)
	return err
}

// schemaText returns the language of this build, in CUE or as a JSON Schema.
func schemaText(kinds *node.Set, asJSON bool) ([]byte, error) {
	text, err := compile.SchemaFor(kinds)
	if err != nil || !asJSON {
		return text, err
	}
	if text, err = schema.JSONSchema(text); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}
