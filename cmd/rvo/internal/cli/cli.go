// Package cli is the rvo command: what it is asked on the command line, and what it answers and exits with.
//
//	os.Exit(cli.Main(cli.Program{Kinds: set, Codec: codec}, os.Args[1:], cli.System()))
//
// One file a command, listed in commands.go. The exit codes are in exit.go. A command judges a pipeline through dsl/vet
// and runs it through package engine; nothing here looks at a picture. Only Main's caller exits.
//
// The run command owns three goroutines: the engine, the HTTP server and the bridge from signals; it waits for the first
// two. Its tests are scripts in testdata/script, one behaviour each.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// Program is what a build of rvo is made of. Who builds one with kinds of their own passes them here.
type Program struct {
	// Kinds are all kinds it knows, those whose code is not in the build too.
	Kinds *node.Set
	// Codec encodes pictures; nil: the standard library's.
	Codec frame.Codec
	// Devices lists the cameras of this machine; nil: the build cannot.
	Devices func() ([]Device, error)
	// OpenCV is the version of OpenCV in the build; empty: none.
	OpenCV string
}

// Device is a camera of this machine.
type Device struct {
	// Index is what --camera-device takes.
	Index int
	// Name is what the driver calls it; may be empty.
	Name string
	// Detail is its resolution and rate, or why it cannot be opened.
	Detail string
}

// Streams are what a command reads and writes.
type Streams struct {
	Out, Err io.Writer
	// OutTerminal and ErrTerminal say that a person reads them.
	OutTerminal, ErrTerminal bool
	// Env returns an environment variable, "" when it is not set.
	Env func(string) string
	// Now returns the time of day.
	Now func() time.Time
}

// System returns the process's own streams and environment.
func System() Streams {
	return Streams{
		Out: os.Stdout, Err: os.Stderr,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())), ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Env: os.Getenv, Now: time.Now,
	}
}

// Main runs the command that args name and returns the exit code.
func Main(p Program, args []string, s Streams) int {
	root := newRoot(&app{Program: p, Streams: s})
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return ExitOK
	}
	code := ExitCannotRun
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(s.Err, "rvo: %s\n", redactLines(text))
	}
	return code
}

// app is what every command's function gets.
type app struct {
	Program
	Streams
}
