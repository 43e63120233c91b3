package tui

import (
	"fmt"
	"net/http"
	"time"

	tea "charm.land/bubbletea/v2"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// questionKind is what a question is about.
type questionKind uint8

const (
	askQuit   questionKind = iota // end the rvo that was started here
	askMute                       // for how long
	askUnmute                     // hear it again
)

// question is what a person is asked before something is changed.
type question struct {
	kind questionKind
	what target
	d    int // of muteSpans
}

// muteSpans are for how long something can be muted.
func muteSpans() []time.Duration {
	return []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour}
}

// text is the question as it is asked.
func (q *question) text() string {
	switch q.kind {
	case askQuit:
		return "Stop the pipeline that was started here, and quit?  y yes   n no"
	case askUnmute:
		return fmt.Sprintf("Hear %s again?  y yes   n no", q.what)
	case askMute:
	}
	return fmt.Sprintf("Mute %s for %s?  y yes   n no   +/- longer, shorter", q.what, span(muteSpans()[q.d]))
}

// askMute asks about the chosen row.
func (m *model) askMute() {
	r := m.current()
	switch {
	case m.help:
	case r == nil || r.mutes == nil:
		m.say(plain, "events and cameras can be muted: choose one on its page")
	case m.stream == nil:
		m.say(warn, "not connected: nothing can be muted now")
	case m.until(*r.mutes) > 0:
		m.ask = &question{kind: askUnmute, what: *r.mutes}
	default:
		m.ask = &question{kind: askMute, what: *r.mutes, d: 1}
	}
}

// until returns until when something is muted, in milliseconds of the server's clock; 0: it is not.
func (m *model) until(t target) int64 {
	s := &m.data.state
	if t.event != "" {
		if e := s.Events[eventID(t)]; e != nil && e.MutedUntilMS > s.TimeMS {
			return e.MutedUntilMS
		}
		return 0
	}
	// A camera is muted while all its events are.
	var least int64
	for _, e := range s.Events {
		if e.Camera != t.camera {
			continue
		}
		if e.MutedUntilMS <= s.TimeMS {
			return 0
		}
		if least == 0 || e.MutedUntilMS < least {
			least = e.MutedUntilMS
		}
	}
	return least
}

// eventID is the id of an event on a camera.
func eventID(t target) string {
	if t.camera == "" {
		return t.event
	}
	return t.event + "@" + t.camera
}

// answer takes the answer to a question. Whatever is not yes changes nothing.
func (m *model) answer(key string) tea.Cmd {
	q := m.ask
	switch key {
	case "y", "Y":
		m.ask = nil
		switch q.kind {
		case askQuit:
			return m.quit()
		case askMute:
			return m.mute(q.what, muteSpans()[q.d])
		case askUnmute:
			return m.mute(q.what, 0)
		}
	case "+", "right", "up", "=":
		q.d = min(q.d+1, len(muteSpans())-1)
	case "-", "left", "down":
		q.d = max(q.d-1, 0)
	case "ctrl+c":
		m.ask = nil
		if q.kind == askQuit {
			return m.quit()
		}
	default:
		m.ask = nil
	}
	return nil
}

// mute asks the server; 0 ends a mute.
func (m *model) mute(t target, d time.Duration) tea.Cmd {
	ctx, c := m.ctx, m.client
	return func() tea.Msg {
		return muted{t, d, c.send(ctx, http.MethodPost, "/api/v1/mute", api.Mute{Event: t.event, Camera: t.camera, For: d.String()})}
	}
}

func (m *model) onMuted(msg muted) {
	switch {
	case msg.err != nil:
		m.say(bad, msg.err.Error())
	case msg.d == 0:
		m.say(good, msg.what.String()+" is heard again")
	default:
		m.say(good, fmt.Sprintf("%s is muted for %s", msg.what, span(msg.d)))
	}
}
