// Package tui shows a running rvo in a terminal.
//
//	code, err := tui.Run(ctx, tui.Options{Base: "http://127.0.0.1:9090", Token: token, In: os.Stdin, Out: os.Stdout})
//
// It reads the API of one rvo over HTTP, which runs elsewhere or was started by it, and keeps what it was told: the state
// of now, a minute of history for the small graphs, and the last events and log lines, each bounded. What comes from the server
// is cleaned of control characters before it reaches the terminal. It changes nothing unless the person who sits there
// mutes something and says yes.
//
// The model is a function of its messages, and the screen of the model; both are tested as such. The package starts no
// goroutine: reading the stream, the pipe of a started rvo and the clock are commands, which Bubble Tea runs and waits for.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// Options say what is shown and where.
type Options struct {
	// Base is the address of the rvo that is looked at; empty: one is started.
	Base string
	// Token is sent to it; empty: none.
	Token string
	// Menu is what one is started with; it is shown where there is more than one choice.
	Menu *Menu
	// Program is what is started; Args are its arguments, from the name it is called by, with those of the choice after them.
	Program string
	Args    []string
	// In and Out are the terminal. Err gets the last lines of a started rvo that failed, once the screen is gone.
	In       io.Reader
	Out, Err io.Writer
	// Environ is the environment; it says what the terminal can.
	Environ []string
	// Zone is the time zone of what is shown.
	Zone *time.Location
}

// frames is how often a second the screen is drawn at most: enough for the eye, little for a slow line.
const frames = 20

// lastWords is how many lines of the log of a run that failed are left on the terminal.
const lastWords = 10

// Run shows an rvo until the person quits, and returns the exit code: that of a started rvo which ended by itself, else 0. An
// error before the first screen says what to do: no rvo answers, it is no rvo, it wants its token.
func Run(ctx context.Context, o Options) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := glyphsFor(func(name string) string { return lookup(o.Environ, name) })
	m := newModel(ctx, nil, g, o.Zone, time.Now())
	if o.Base != "" {
		c, err := newClient(o.Base, o.Token)
		if err != nil {
			return 0, err
		}
		var s api.State
		if err := c.get(ctx, "/api/v1/state", &s); err != nil {
			return 0, err
		}
		m.client = c
	} else {
		m.menu = &menu{Menu: *o.Menu}
		m.launch = func() (*process, error) {
			p, err := start(o.Program, slices.Concat(o.Args, m.menu.Choices[m.menu.at].Args), o.Environ)
			if err == nil && o.Token != "" {
				p.token = o.Token
			}
			return p, err
		}
		m.skip = len(o.Menu.Choices) == 1
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	m.asked = signals
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ),
		tea.WithFPS(frames), tea.WithoutSignalHandler())
	_, err := p.Run()
	if m.stream != nil {
		m.stream.end()
	}
	if m.proc != nil && !m.exited {
		// The terminal went before the run did: it is not left behind.
		m.proc.end()
	}
	switch {
	case errors.Is(err, tea.ErrInterrupted), errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		err = nil
	case err != nil:
		err = fmt.Errorf("terminal: %w", err)
	}
	if m.failed != nil {
		err = errors.Join(err, m.failed)
	}
	if !m.exited || m.stopping {
		return 0, err
	}
	if m.exitErr != nil {
		for _, l := range last(m.data.lines.all(), lastWords) {
			fmt.Fprintln(o.Err, strings.TrimSpace(l.level+" "+l.text))
		}
	}
	return exitCode(m.exitErr), err
}

// lookup returns a variable of an environment; the last of two of one name counts.
func lookup(environ []string, name string) string {
	for _, v := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}
