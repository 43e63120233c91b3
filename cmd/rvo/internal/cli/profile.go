package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rvo.dev/cmd/rvo/internal/profile"
	"rvo.dev/dsl"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// costsFile is what profile writes beside a pipeline.
const costsFile = "costs.cue"

type profileFlags struct {
	tags  []string
	input string
	limit time.Duration
}

func newProfile(a *app) *cobra.Command {
	var f profileFlags
	cmd := &cobra.Command{
		Use:   "profile PATH...",
		Short: "measure what detectors cost, for vet",
		Long: `Run the detectors of a pipeline on its cameras, or on a clip, and measure what one run takes
with one thread, with two, and with as many as the pipeline gives it. A table is printed, and
costs.cue is written beside the pipeline: it gives every detector its cost, the 95th percentile,
where the pipeline says none. What vet says of rates and delays then rests on this machine.

  rvo profile pipelines/demo
  rvo profile --input gate.mp4 --for 1m gate.cue

Nothing else should run meanwhile. Conditions (when) and rates are not heeded: every detector
looks at every picture.

Exit code 0: measured and written. 1: the pipeline has errors, or has them with these costs.
2: a camera or a detector could not be opened, or costs.cue cannot be written.`,
		Args: needPath("profile"),
		RunE: func(cmd *cobra.Command, args []string) error { return runProfile(cmd.Context(), a, f, args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.input, "input", "", "a video file, in place of every camera")
	fs.DurationVar(&f.limit, "for", 30*time.Second, "how long it takes in all")
	addTags(fs, &f.tags)
	return cmd
}

func runProfile(ctx context.Context, a *app, f profileFlags, paths []string) error {
	if f.limit <= 0 {
		return errors.New("--for must be above 0")
	}
	in, err := a.sound(ctx, paths, f.tags)
	if err != nil {
		return err
	}
	g := in.graph
	if f.input != "" {
		if err := a.clip(g, f.input); err != nil {
			return err
		}
	}
	if err := notBuilt(g); err != nil {
		return err
	}
	file, err := costsPath(paths)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "rvo-profile-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	codec := a.Codec
	if codec == nil {
		codec = frame.StdCodec{}
	}
	began := a.Now()
	now := func() tick.Time { return tick.Time(a.Now().Sub(began)) }
	secret := secrets(g.Dir, in.secrets, a.Env)
	stopping, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	threads := threadCounts(g)
	costs, err := profile.Measure(stopping, profile.Options{
		Graph: g, For: f.limit, Threads: threads, Codec: codec, Now: now,
		Env: func(role, id string) node.Env {
			return node.Env{
				ID: id, Dir: g.Dir, StateDir: scratch, Log: slog.New(slog.DiscardHandler), Secret: secret,
				Now: now, Seed: graph.Seed(role, id), Stdout: io.Discard,
			}
		},
	})
	if err != nil {
		return err
	}
	rows := costRows(in, costs)
	if err := printCosts(a, rows); err != nil {
		return err
	}
	on := "its cameras"
	if f.input != "" {
		on = filepath.Base(f.input)
	}
	about := fmt.Sprintf("on %s, %s/%s with %d processors, %s on %s.", began.Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), f.limit, on)
	return a.writeCosts(ctx, f, paths, file, profile.CUE(packageOf(paths), about, rows))
}

// clip puts a video file in the place of every camera.
func (a *app) clip(g *graph.Graph, path string) error {
	k, ok := a.Kinds.Kind(node.RoleCamera, "file")
	if !ok {
		return errors.New("--input: this build has no cameras of kind file")
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("--input: %w", err)
	}
	if _, err := os.Stat(full); err != nil {
		return fmt.Errorf("--input: %w", err)
	}
	for i := range g.Cameras {
		c := &g.Cameras[i]
		c.Kind, c.CameraSpec.Kind, c.FPS, c.Options = k, "file", 0, fmt.Appendf(nil, `{"path": %q}`, full)
	}
	return nil
}

// threadCounts are the numbers of threads that are tried: one, two where there are as many processors, and what the pipeline
// gives its detectors.
func threadCounts(g *graph.Graph) []int {
	out := []int{1}
	if runtime.NumCPU() > 1 {
		out = append(out, 2)
	}
	for i := range g.Detectors {
		out = append(out, max(g.Detectors[i].Threads, 1))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// costRows sorts costs by detector. What costs.cue itself said is not the pipeline's word.
func costRows(in *input, costs []profile.Cost) []profile.Row {
	var out []profile.Row
	for i := range in.graph.Detectors {
		d := &in.graph.Detectors[i]
		r := profile.Row{ID: d.ID, Threads: max(d.Threads, 1), Given: d.DetectorSpec.Cost}
		if filepath.Base(in.doc.Place("detectors."+d.ID+".cost").File) == costsFile {
			r.Given = 0
		}
		for _, c := range costs {
			if c.Detector == d.ID {
				r.Costs = append(r.Costs, c)
			}
		}
		out = append(out, r)
	}
	return out
}

func printCosts(a *app, rows []profile.Row) error {
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DETECTOR\tTHREADS\tRUNS\tP50\tP95\tCOST")
	for _, r := range rows {
		for _, c := range r.Costs {
			note := ""
			switch {
			case c.Runs == 0 && c.Err != nil:
				note = fmt.Sprintf("none: %v", c.Err)
			case c.Runs == 0:
				note = "none: it never ran"
			case c.Threads != r.Threads:
			case r.Given > 0:
				note = fmt.Sprintf("%s, as the pipeline says", r.Given)
			default:
				note = profile.Round(c.P95).String()
			}
			if c.Failed > 0 && c.Runs > 0 {
				note += fmt.Sprintf(" (%d runs failed: %v)", c.Failed, c.Err)
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", r.ID, c.Threads, c.Runs, profile.Round(c.P50), profile.Round(c.P95), note)
		}
	}
	return w.Flush()
}

// costsPath is where the costs of a pipeline go. A file of that name that was written by hand is in the way.
func costsPath(paths []string) (string, error) {
	dir := paths[0]
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, costsFile)
	old, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return file, nil
	case err != nil:
		return "", err
	case !strings.HasPrefix(string(old), profile.Header):
		return "", fmt.Errorf("%s is there and was not written by profile: give it another name", file)
	}
	return file, nil
}

// packageOf returns the name of the package that a pipeline's files are of, empty for none.
func packageOf(paths []string) string {
	for _, p := range paths {
		files := []string{p}
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			files, _ = filepath.Glob(filepath.Join(escapeGlob(p), "*.cue")) // the pattern is sound
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if m := regexp.MustCompile(`(?m)^package\s+(\w+)`).FindSubmatch(text); err == nil && m != nil {
				return string(m[1])
			}
		}
	}
	return ""
}

// writeCosts puts the file in its place and checks the pipeline with it. Where the two do not go together what was there stays.
func (a *app) writeCosts(ctx context.Context, f profileFlags, paths []string, file, text string) error {
	old, oldErr := os.ReadFile(file)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	with := slices.Clone(paths)
	if info, err := os.Stat(paths[0]); err != nil || !info.IsDir() {
		if !slices.ContainsFunc(paths, func(p string) bool { return filepath.Base(p) == costsFile }) {
			with = append(with, file)
		}
	}
	in, err := a.load(ctx, with, f.tags)
	if err == nil && in.graph == nil && slices.ContainsFunc(in.findings, func(x dsl.Finding) bool { return x.Severity == dsl.Error && x.Code < "RVO200" }) {
		err = errors.Join(errors.New("the pipeline does not go together with the costs: they are not written"), printFindings(a, in.findings))
	}
	if err != nil {
		if oldErr == nil {
			return errors.Join(err, os.WriteFile(file, old, 0o644))
		}
		return errors.Join(err, os.Remove(file))
	}
	fmt.Fprintf(a.Out, "written to %s; check it with: rvo vet %s\n", file, strings.Join(with, " "))
	return printFindings(a, in.findings)
}
