package tui

import (
	"context"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"rvo.dev/cmd/rvo/internal/web/api"
)

const (
	// beat is how often the clock on the screen moves.
	beat = time.Second
	// quietFor is how long a server may say nothing before the connection is given up: it sends a state twice a second.
	quietFor = 15 * time.Second
	// firstRetry and lastRetry bound the wait before the server is asked again; it doubles.
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	// noticeFor is how long a notice stays at the bottom.
	noticeFor = 8 * time.Second
	// batch is how many messages of the stream are taken at once where they wait.
	batch = 64
)

// The messages that the model gets beside keys and sizes.
type (
	connected struct {
		stream *stream
		before api.Records
		lines  api.LogLines
	}
	refused struct{ err error }
	told    struct {
		from     *stream
		messages []message
		err      error
	}
	again  struct{}
	clock  time.Time
	wrote  struct{ lines []string }
	ended  struct{ err error }
	hungUp struct{}
	reason struct {
		of  target
		why api.Why
		err error
	}
	muted struct {
		what target
		d    time.Duration
		err  error
	}
)

// target is what can be muted: an event on a camera, an event everywhere, or a camera.
type target struct{ event, camera string }

// String writes a target as ids are written.
func (t target) String() string {
	switch {
	case t.event == "":
		return "camera " + clean(t.camera)
	case t.camera == "":
		return clean(t.event)
	}
	return clean(t.event) + "@" + clean(t.camera)
}

// spot is where a person is on a page.
type spot struct {
	key    string // of the chosen row; empty: where the page begins
	index  int    // where it was last seen
	top    int    // the first line shown
	filter string
}

// model is the whole program. Only Update changes it.
type model struct {
	ctx    context.Context //nolint:containedctx // the program's own: commands are started by messages, which carry none
	client *client
	proc   *process
	g      *glyphs
	zone   *time.Location

	width, height int
	now           time.Time
	data          *data
	held          *data // what is shown while paused, nil: data

	stream  *stream
	news    time.Time // when the server last said something
	problem error     // why there is no stream
	wait    time.Duration

	page    int
	spots   []spot
	detail  bool // of the chosen row
	scroll  int  // of the detail or the help
	help    bool
	typing  bool // of a filter
	ask     *question
	notice  string
	noticed time.Time
	tone    tone
	why     api.Why // of the event in the detail
	whyOf   target
	whyErr  error

	reloadsAt time.Time // when the reloads were asked for, and the generation that ran
	reloadsOf uint64
	noReloads bool // there is no such path

	menu     *menu
	launch   func() (*process, error) // starts the pipeline that the menu is about
	skip     bool                     // starts the menu's first choice at once
	asked    <-chan os.Signal         // the system asks for the end
	exited   bool                     // the started rvo has ended
	exitErr  error
	stopping bool
	failed   error // why the program ends, where that is no wish
}

func newModel(ctx context.Context, c *client, g *glyphs, zone *time.Location, now time.Time) *model {
	return &model{
		ctx: ctx, client: c, g: g, zone: zone, now: now, news: now, data: newData(), width: 80, height: 24,
		spots: make([]spot, len(pages())),
	}
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd {
	switch {
	case m.menu == nil:
		return tea.Batch(tick(), m.await(), m.connect())
	case m.skip:
		return tea.Batch(tick(), m.await(), m.begin())
	}
	return tea.Batch(tick(), m.await())
}

// await waits for the system to ask for the end: the terminal is gone, or somebody wants it.
func (m *model) await() tea.Cmd {
	signals := m.asked
	if signals == nil {
		return nil
	}
	return func() tea.Msg {
		<-signals
		return hungUp{}
	}
}

func tick() tea.Cmd { return tea.Tick(beat, func(t time.Time) tea.Msg { return clock(t) }) }

// shown is the data on the screen.
func (m *model) shown() *data {
	if m.held != nil {
		return m.held
	}
	return m.data
}

// say shows a notice.
func (m *model) say(t tone, text string) { m.notice, m.tone, m.noticed = clean(text), t, m.now }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	next := m.take(msg)
	return m, next
}

// take takes a message and returns what is to be done next.
func (m *model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case clock:
		return m.onClock(time.Time(msg))
	case connected:
		m.stream, m.problem, m.wait, m.news = msg.stream, nil, 0, m.now
		m.data.history(msg.before)
		m.data.earlier(msg.lines)
		m.noReloads, m.reloadsAt = false, time.Time{}
		return m.listen()
	case refused:
		return m.lose(msg.err)
	case again:
		if m.stream == nil && m.client != nil && !m.exited {
			return m.connect()
		}
	case told:
		return m.hear(msg)
	case wrote:
		return m.onLines(msg.lines)
	case ended:
		return m.onEnd(msg.err)
	case hungUp:
		return tea.Batch(m.await(), m.quit())
	case reason:
		if msg.of == m.whyOf {
			m.why, m.whyErr = msg.why, msg.err
		}
	case gotReloads:
		m.onReloads(msg)
	case muted:
		m.onMuted(msg)
	}
	return nil
}

// onClock moves the clock, gives up a connection that is silent, and asks anew what the detail on the screen is about.
func (m *model) onClock(now time.Time) tea.Cmd {
	m.now = now
	if m.notice != "" && !m.stopping && now.Sub(m.noticed) > noticeFor {
		m.notice = ""
	}
	cmds := []tea.Cmd{tick()}
	if m.stream != nil && now.Sub(m.news) > quietFor {
		m.stream.end() // its reader then says so
	}
	if m.held == nil {
		cmds = append(cmds, m.askWhy(), m.askForReloads())
	}
	return tea.Batch(cmds...)
}

// hear takes what the stream said, and listens on.
func (m *model) hear(t told) tea.Cmd {
	if t.from != m.stream {
		return nil
	}
	m.news = m.now
	for _, msg := range t.messages {
		if err := m.data.take(msg); err != nil {
			m.say(bad, "the server said something that this rvo cannot read: "+err.Error())
		}
	}
	if t.err != nil {
		m.stream.end()
		m.stream = nil
		return m.lose(m.client.explain(t.err))
	}
	return m.listen()
}

// lose notes why there is no connection and asks again later.
func (m *model) lose(err error) tea.Cmd {
	m.problem = err
	if m.exited || m.stopping {
		return nil
	}
	m.wait = min(max(2*m.wait, firstRetry), lastRetry)
	return tea.Tick(m.wait, func(time.Time) tea.Msg { return again{} })
}

// take takes one message of the stream.
func (d *data) take(m message) error {
	switch m.name {
	case "state":
		return d.whole(m.data)
	case "delta":
		if !d.have {
			return nil
		}
		return d.change(m.data)
	case "event":
		return d.record(m.data)
	case "log":
		return d.log(m.data)
	case "lost":
		return d.miss(m.data)
	}
	return nil // of a newer server
}

// connect opens the stream and asks what was before it.
func (m *model) connect() tea.Cmd {
	ctx, c, process := m.ctx, m.client, m.proc != nil
	return func() tea.Msg {
		topics := "state,event,log"
		if process {
			topics = "state,event" // its log comes by a pipe
		}
		s, err := c.open(ctx, "/api/v1/stream?topics="+topics)
		if err != nil {
			return refused{err}
		}
		var before api.Records
		if err := c.get(ctx, "/api/v1/events?limit=200", &before); err != nil {
			s.end()
			return refused{err}
		}
		var lines api.LogLines
		if !process {
			// A server without its lines has all the rest.
			if err := c.get(ctx, "/api/v1/log", &lines); err != nil && !isNotFound(err) {
				s.end()
				return refused{err}
			}
		}
		return connected{s, before, lines}
	}
}

// listen waits for the next messages.
func (m *model) listen() tea.Cmd {
	s := m.stream
	return func() tea.Msg {
		t := told{from: s}
		for {
			var msg message
			msg, t.err = s.next()
			if t.err != nil {
				return t
			}
			t.messages = append(t.messages, msg)
			if len(t.messages) >= batch || s.lines.Buffered() == 0 {
				return t
			}
		}
	}
}
