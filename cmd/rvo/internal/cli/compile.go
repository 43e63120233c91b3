package cli

import (
	"github.com/spf13/cobra"

	"rvo.dev/dsl/show"
	"rvo.dev/dsl/vet"
)

// newCompile answers a running rvo that reads a pipeline in a process of its own. It is no command for people.
func newCompile(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    vet.Argument,
		Short:  "read a pipeline for another rvo process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return vet.Serve(cmd.Context(), a.Kinds, show.Pipeline, cmd.InOrStdin(), a.Out)
		},
	}
}
