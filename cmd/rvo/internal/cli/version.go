package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"rvo.dev/engine/node"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print what this build is and which kinds it has",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			printVersion(a)
			return nil
		},
	}
}

func printVersion(a *app) {
	fmt.Fprintf(a.Out, "rvo %s\n", buildVersion())
	fmt.Fprintf(a.Out, "go      %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	opencv := a.OpenCV
	if opencv == "" {
		opencv = "not in this build"
	}
	fmt.Fprintf(a.Out, "opencv  %s\n", opencv)
	for _, r := range []node.Role{node.RoleCamera, node.RoleDetector, node.RoleSink} {
		fmt.Fprintf(a.Out, "%-8s", r.String()+"s")
		for _, k := range a.Kinds.Of(r) {
			mark := ""
			if !k.Built() {
				mark = "(not in this build)"
			}
			fmt.Fprintf(a.Out, " %s%s", k.Contract.Name, mark)
		}
		fmt.Fprintln(a.Out)
	}
}

// buildVersion is the module's version where it was built as one, else the revision it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return "devel"
	}
	return "devel-" + revision[:min(12, len(revision))] + dirty
}
