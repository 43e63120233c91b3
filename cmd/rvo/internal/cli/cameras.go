package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newCameras(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "cameras",
		Short: "list the cameras of this machine",
		Long: `List the cameras that are plugged into this machine and can be opened.

  rvo cameras
  rvo run --camera-device 0`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listCameras(a) },
	}
}

func listCameras(a *app) error {
	if a.Devices == nil {
		return errors.New("this build cannot look for cameras: it has no OpenCV (make build puts it in where it is installed)")
	}
	devices, err := a.Devices()
	if err != nil {
		return fmt.Errorf("cameras: %w", err)
	}
	if len(devices) == 0 {
		fmt.Fprintln(a.Err, "rvo: no camera found: is one plugged in, and may you read /dev/video* (group video)?")
		return nil
	}
	for _, d := range devices {
		fmt.Fprintf(a.Out, "%d", d.Index)
		for _, s := range []string{d.Name, d.Detail} {
			if s != "" {
				fmt.Fprintf(a.Out, "\t%s", s)
			}
		}
		fmt.Fprintln(a.Out)
	}
	return nil
}
