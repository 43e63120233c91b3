package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"rvo.dev/dsl/draw"
)

type graphFlags struct {
	format string
	tags   []string
}

func newGraph(a *app) *cobra.Command {
	var f graphFlags
	cmd := &cobra.Command{
		Use:   "graph PATH...",
		Short: "draw what a pipeline is made of and what goes where",
		Long: `Draw the one pipeline that PATH names: cameras, detectors, events, what is kept and where
records go, and the signals between them.

  rvo graph --format svg pipelines/demo >demo.svg
  rvo graph gate.cue >gate.mmd

--format is mermaid (a flowchart for Markdown), dot (for Graphviz), json or svg. json tells the
stable id and the hashes of every part as well.

Exit code 0: drawn. 1: the pipeline has errors. 2: could not look.`,
		Args: needPath("graph"),
		RunE: func(cmd *cobra.Command, args []string) error { return drawGraph(cmd.Context(), a, f, args) },
	}
	cmd.Flags().StringVar(&f.format, "format", string(draw.Mermaid), "mermaid, dot, json or svg")
	addTags(cmd.Flags(), &f.tags)
	choices(cmd, "format", draw.Formats())
	return cmd
}

func drawGraph(ctx context.Context, a *app, f graphFlags, paths []string) error {
	format, err := draw.Parse(f.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	in, err := a.sound(ctx, paths, f.tags)
	if err != nil {
		return err
	}
	return draw.Of(in.graph).Write(a.Out, format)
}
