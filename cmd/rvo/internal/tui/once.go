package tui

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// onceLines is how many lines the first page may have where nobody has to see them at once.
const onceLines = 60

// Once writes the first page as plain text, for a terminal that cannot place its cursor and for programs.
func Once(ctx context.Context, o Options) error {
	c, err := newClient(o.Base, o.Token)
	if err != nil {
		return err
	}
	m := newModel(ctx, c, glyphsFor(func(name string) string { return lookup(o.Environ, name) }), o.Zone, time.Now())
	// Two states, so that there are rates.
	for i := range 2 {
		var s rawState
		if err := c.get(ctx, "/api/v1/state", &s); err != nil {
			return err
		}
		if err := m.data.whole(s); err != nil {
			return fmt.Errorf("%s: the state is not what an rvo of this version says: %w", c.base.Host, err)
		}
		if i == 0 {
			wait := time.NewTimer(time.Second)
			select {
			case <-wait.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	var before api.Records
	if err := c.get(ctx, "/api/v1/events?limit=20", &before); err != nil {
		return err
	}
	m.data.history(before)
	m.stream = &stream{}
	m.width, m.height = 100, onceLines
	lines := append([]string{m.title(), ""}, m.home(100, onceLines)...)
	for _, l := range lines {
		if _, err := io.WriteString(o.Out, strings.TrimRight(ansi.Strip(l), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// rawState is a state as it was sent.
type rawState []byte

// UnmarshalJSON implements json.Unmarshaler.
func (s *rawState) UnmarshalJSON(b []byte) error {
	*s = append((*s)[:0], b...)
	return nil
}
