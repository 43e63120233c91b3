package vet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// Argument is the command of a program that answers InChild: it calls Serve with its standard input and output.
const Argument = "_compile"

const (
	// childVersion is the form of what the two processes say to each other; they are the same program.
	childVersion = "rvo.compile/v1"
	// maxAnswer bounds what a child may say: ten thousand cameras with an event each take about 30 MiB.
	maxAnswer = 256 << 20
	// childGrace is what a child gets beyond the limit of its evaluation, to start, to say so and to end.
	childGrace = 2 * time.Second
)

// question is what a child is asked.
type question struct {
	Version  string            `json:"version"`
	Paths    []string          `json:"paths"`
	Tags     []string          `json:"tags,omitempty"`
	Dir      string            `json:"dir,omitempty"`
	Files    map[string][]byte `json:"files,omitempty"`
	Extra    []byte            `json:"extra,omitempty"`
	Overlay  []byte            `json:"overlay,omitempty"`
	Tests    bool              `json:"tests,omitempty"`
	Limit    time.Duration     `json:"limit,omitempty"`
	Env      bool              `json:"env,omitempty"`
	StateDir string            `json:"stateDir,omitempty"`
	Models   string            `json:"models,omitempty"`
}

// answer is what a child says.
type answer struct {
	Version  string        `json:"version"`
	Error    string        `json:"error,omitempty"` // about the call
	Findings []dsl.Finding `json:"findings"`
	Lines    []string      `json:"lines"` // the source line of each finding
	Files    []string      `json:"files"`
	Source   []byte        `json:"source,omitempty"`
	Spec     *graph.Spec   `json:"spec,omitempty"` // only without findings at error level
}

// InChild is like Vet in a process of its own: command is the program and its first arguments, which end in Argument. What an
// evaluation keeps, leaks or breaks goes with that process: a running engine that loads pipelines again and again stays as
// large as it is, and an evaluation without end or bound is ended. The result has no Document. A child that does not answer is a
// finding with dsl.CodeLimit; the error is that of Vet, of starting the child, or of ctx.
func InChild(ctx context.Context, command []string, paths []string, opts Options) (*Result, error) {
	c, err := StartChild(ctx, command)
	if err != nil {
		return nil, err
	}
	return c.Vet(ctx, paths, opts)
}

// Child is a process that was started for InChild and waits for its question: one that is started beforehand answers sooner. Who
// starts one calls Vet or Close, once.
type Child struct {
	program string
	cmd     *exec.Cmd
	in      io.WriteCloser
	said    *capped
	kill    context.CancelFunc
}

// StartChild starts a child, which ends with ctx: see InChild. The error is that of starting it.
func StartChild(ctx context.Context, command []string) (*Child, error) {
	if len(command) == 0 {
		return nil, errors.New("compile in a child: no command given")
	}
	alive, kill := context.WithCancel(ctx)
	c := &Child{program: command[0], cmd: exec.CommandContext(alive, command[0], command[1:]...), said: &capped{max: maxAnswer}, kill: kill} //nolint:gosec // the program itself
	c.cmd.Args[0] = os.Args[0]                                                                                                               // for programs that look at their own name
	c.cmd.Stdout, c.cmd.WaitDelay = c.said, time.Second
	apart(c.cmd)
	var err error
	if c.in, err = c.cmd.StdinPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		defer kill()
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, fmt.Errorf("compile in a child: %w", err)
	}
	lower(c.cmd)
	return c, nil
}

// Close ends a child that is not asked.
func (c *Child) Close() {
	c.kill()
	_ = c.cmd.Wait() // that it was killed
}

// Vet asks the child and waits for its end: see InChild.
func (c *Child) Vet(ctx context.Context, paths []string, opts Options) (*Result, error) {
	defer c.kill()
	limit := opts.Limit
	if limit <= 0 {
		limit = dsl.DefaultLimit
	}
	bounded, cancel := context.WithTimeout(ctx, limit+childGrace)
	defer cancel()
	defer context.AfterFunc(bounded, c.kill)()
	err := json.NewEncoder(c.in).Encode(question{
		Version: childVersion, Paths: paths, Tags: opts.Tags, Dir: opts.Dir, Files: opts.Files, Extra: opts.Extra, Overlay: opts.Overlay,
		Tests: opts.Tests, Limit: limit, Env: opts.Env, StateDir: opts.StateDir, Models: opts.Models,
	})
	_ = c.in.Close()
	if ended := c.cmd.Wait(); ended != nil {
		err = ended // a child that ends takes no question: how it ended says more
	}
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok && bounded.Err() == nil {
		return nil, fmt.Errorf("compile in a child: %w", err)
	} else if ok || bounded.Err() != nil || c.said.full {
		return gaveUp(paths, limit, bounded.Err() != nil, exit), nil
	}
	var a answer
	if err := json.Unmarshal(c.said.b.Bytes(), &a); err != nil || a.Version != childVersion || len(a.Lines) != len(a.Findings) {
		return nil, fmt.Errorf("compile in a child: %s did not answer as this program does: is it another version?", c.program)
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	r := &Result{Findings: a.Findings, Files: a.Files, Spec: a.Spec, Source: a.Source}
	for i := range r.Findings {
		r.Findings[i].Line = a.Lines[i]
	}
	if a.Spec == nil {
		return r, nil
	}
	r.Graph, err = graph.Build(a.Spec, opts.Kinds)
	if err != nil {
		return nil, fmt.Errorf("compile in a child: %w", err)
	}
	return r, nil
}

// gaveUp is the result of a child that ended without an answer.
func gaveUp(paths []string, limit time.Duration, late bool, exit *exec.ExitError) *Result {
	f := dsl.Finding{
		Code: dsl.CodeLimit, Message: "evaluation was given up: it takes too much memory",
		Hint: "look for a comprehension over a very long list or a definition that grows without end",
	}
	if len(paths) > 0 {
		f.Place.File = paths[0]
	}
	switch {
	case late:
		f.Message = fmt.Sprintf("evaluation was given up after %s", limit)
	case exit != nil:
		f.Message = fmt.Sprintf("evaluation ended its process (%s)", exit.ProcessState)
	}
	return &Result{Findings: []dsl.Finding{f}}
}

// Serve answers one question of InChild; show, where it is not nil, is Options.Show. What takes long and is the same for every
// question is done before it is read. It returns an error when there is none to answer or nobody to hear.
func Serve(ctx context.Context, kinds *node.Set, show func(*dsl.Document) ([]byte, error), in io.Reader, out io.Writer) error {
	if err := warm(ctx, kinds); err != nil {
		return err
	}
	var q question
	if err := json.NewDecoder(in).Decode(&q); err != nil || q.Version != childVersion {
		return fmt.Errorf("%s is for rvo itself: what stands on its standard input is no question", Argument)
	}
	if _, err := os.Getwd(); err != nil && q.Dir != "" {
		_ = os.Chdir(q.Dir) // the folder that this process was started in was removed and made again
	}
	a := answer{Version: childVersion}
	r, err := Vet(ctx, q.Paths, Options{
		Kinds: kinds, Tags: q.Tags, Dir: q.Dir, Files: q.Files, Extra: q.Extra, Overlay: q.Overlay, Tests: q.Tests, Limit: q.Limit,
		Env: q.Env, StateDir: q.StateDir, Models: q.Models, Show: show,
	})
	if err != nil {
		a.Error = err.Error()
	} else {
		a.Findings, a.Files, a.Source = r.Findings, r.Files, r.Source
		for _, f := range r.Findings {
			a.Lines = append(a.Lines, f.Line)
		}
		if r.Graph != nil {
			a.Spec = r.Spec
		}
	}
	return json.NewEncoder(out).Encode(a)
}

// warm reads a pipeline of nothing, so that the evaluator has done once what it does once.
func warm(ctx context.Context, kinds *node.Set) error {
	const name = "nothing.cue"
	_, err := Vet(ctx, []string{name}, Options{
		Kinds: kinds, Dir: os.TempDir(), Files: map[string][]byte{name: []byte("apiVersion: \"rvo/v1\"\n")},
	})
	return err
}

// capped is a buffer that takes no more than max bytes and says so.
type capped struct {
	b    bytes.Buffer
	max  int
	full bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.b.Len()+len(p) > c.max {
		c.full = true
		return 0, io.ErrShortWrite
	}
	return c.b.Write(p)
}
