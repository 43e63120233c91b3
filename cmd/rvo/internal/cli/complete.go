package cli

import "github.com/spf13/cobra"

// choices lets the shell complete the words that a flag takes.
func choices[T ~string](cmd *cobra.Command, flag string, words []T, more ...string) {
	for _, w := range words {
		more = append(more, string(w))
	}
	// The only error is for a flag that there is not, which a test of each would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return more, cobra.ShellCompDirectiveNoFileComp
	})
}
