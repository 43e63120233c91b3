package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"
)

// maxReady bounds what is read of an answer about readiness in bytes: a line for each node that does not work.
const maxReady = 1 << 20

type readyFlags struct {
	alive bool
	http  httpFlags
}

func newReady(a *app) *cobra.Command {
	var f readyFlags
	cmd := &cobra.Command{
		Use:   "ready [URL]",
		Short: "ask a running rvo whether everything works",
		Long: `Ask a running rvo whether every camera, detector, sink and evidence folder works, and print
which does not and why. Without a URL that is the one at ` + liveHere + `.
It is what a container's health check and probes call: images without a shell have no curl, and
a probe over the network could not send the token.

  rvo ready
  rvo ready --alive http://127.0.0.1:9090 --http-token-file /run/secrets/token

Exit code 0: ready. 1: not ready, and why. 2: nobody answers.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			base := liveHere
			if len(args) > 0 {
				base = args[0]
			}
			return askReady(cmd.Context(), a, &f, base)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.alive, "alive", false, "ask only whether the process answers")
	fs.StringVar(&f.http.tokenFile, "http-token-file", "", "file with the token of the rvo that is asked")
	fs.StringVar(&f.http.tokenEnv, "http-token-env", "", "environment variable with that token")
	return cmd
}

func askReady(ctx context.Context, a *app, f *readyFlags, base string) error {
	token, err := f.http.token(a.Env)
	if err != nil {
		return err
	}
	path := "/ready"
	if f.alive {
		path = "/health"
	}
	said, err := ask(ctx, base, path, "text/plain", token, maxReady)
	if err != nil {
		return err
	}
	switch said.code {
	case http.StatusOK, http.StatusServiceUnavailable:
		if _, err := a.Out.Write(said.body); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s: %s", said.url, status(said.code))
	}
	if said.code != http.StatusOK {
		return quiet(ExitFindings)
	}
	return nil
}
