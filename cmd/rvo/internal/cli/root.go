package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rvo.dev/dsl"
)

const rootLong = `rvo runs pipelines for realtime video: cameras, detectors, conditions over what they
say, events, and evidence, written in one CUE file.

  rvo vet pipelines/quickstart          check it
  rvo run pipelines/quickstart          run it
  rvo run --camera-device 0             run a small pipeline on a webcam`

func newRoot(a *app) *cobra.Command {
	var list bool
	root := &cobra.Command{
		Use:           "rvo",
		Short:         "realtime video pipelines",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       buildVersion(),
		Args:          unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return listCameras(a)
			}
			return cmd.Help()
		},
	}
	// Before cobra makes its own commands, which keep what they write to.
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.Flags().BoolVar(&list, "list-cameras", false, "list the cameras of this machine and exit")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(commands(a)...)
	// Cobra's own commands get the same treatment as ours; "completion" prints a script for the shell that is named.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetVersionTemplate("rvo {{.Version}}\n")
	return root
}

// unknownCommand refuses words after rvo that are no command, with the nearest that is one.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q: %s", args[0], dsl.DidYouMean(args[0], names, "commands are"))
}

// flagError adds to a flag that does not exist the nearest that does.
func flagError(cmd *cobra.Command, err error) error {
	written, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return fmt.Errorf("%w (see rvo %s --help)", err, cmd.Name())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near, ok := dsl.Nearest(written, names); ok {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", written, near)
	}
	return fmt.Errorf("unknown flag --%s: see %s --help", written, cmd.CommandPath())
}
