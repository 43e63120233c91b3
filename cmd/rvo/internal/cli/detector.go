package cli

import (
	"github.com/spf13/cobra"

	"rvo.dev/bench"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/isolate"
)

// newDetector is what run starts for a detector with isolate: "process". It is no command for people.
func newDetector(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    isolate.Argument + " ID",
		Short:  "run a detector for another rvo process",
		Hidden: true,
		Args:   cobra.ExactArgs(1), // the detector's id, for those who look at the list of processes
		RunE: func(*cobra.Command, []string) error {
			codec := a.Codec
			if codec == nil {
				codec = frame.StdCodec{}
			}
			kinds, err := bench.Isolated(a.Kinds)
			if err != nil {
				return err
			}
			return isolate.Serve(kinds, codec)
		},
	}
}
