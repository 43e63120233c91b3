package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine/frame"
)

const (
	// sendLimit is how long one who listens may take nothing before he is hung up on.
	sendLimit = 10 * time.Second
	// pingEvery is how often one who hears nothing gets a sign of life, so that both sides see a dead connection.
	pingEvery = 15 * time.Second
)

// live is what the server has of the engine that runs: what it shows and whom.
type live struct {
	engine   Engine
	look     *look
	log      *slog.Logger
	hub      *hub
	history  *history
	records  *records
	clips    *clips
	pictures *pictures
	tap      *LogTap         // nil: there is no log to show
	ctx      context.Context // done when the server ends
	end      context.CancelFunc
}

func newLive(c *Config, m *metrics) *live {
	if c.Codec == nil {
		c.Codec = frame.StdCodec{}
	}
	l := &live{
		engine: c.Engine, look: &look{engine: c.Engine}, log: c.Log, hub: newHub(m), history: newHistory(), records: &records{}, tap: c.Tap,
	}
	if c.Tap != nil {
		l.log = slog.New(c.Tap) // what is done to the pipeline here is seen by who looks at it; what is refused could flood them
	}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.clips = newClips(l.look)
	l.pictures = newPictures(l.ctx, c.Engine, c.Codec, l.look, m.pictures.Inc)
	if c.Tap != nil {
		c.Tap.lines.listen(func(line api.Log) { l.hub.say("log", marshal(line)) })
	}
	return l
}

// routes are the paths of the engine that runs.
func (l *live) routes(c *Config) []Route {
	get := func(path, doc string, serve http.HandlerFunc) Route {
		return Route{Method: http.MethodGet, Path: "/api/v1/" + path, Doc: doc, Serve: serve}
	}
	post := func(path, doc string, serve http.HandlerFunc) Route {
		return Route{Method: http.MethodPost, Path: "/api/v1/" + path, Doc: doc, Serve: serve}
	}
	rs := []Route{
		get("state", "all that runs, at one moment", l.state),
		get("stream", "what happens, as server-sent events", l.stream),
		get("why", "what the conditions of events say, part by part", why(l.engine)),
		get("signals", "the newest value of every signal", l.signals),
		get("signals/history", "samples of the last minutes", l.history.serve),
		post("signals/{name}", "tell a signal of a detector of kind external", l.told),
		get("events", "event records, the newest first", l.records.serve),
		get("events/{id}", "the records of one occurrence", l.records.one),
		get("evidence", "clips on disk, the newest first", l.clips.list),
		get("evidence/{policy}/{clip}", "a clip's meta.json", l.clips.meta),
		get("evidence/{policy}/{clip}/{file}", "a file of a clip, or a range of it", l.clips.file),
		get("cameras/{id}/snapshot.jpg", "a camera's next picture", l.snapshot),
		get("cameras/{id}/stream.mjpg", "a camera's pictures, one after the other", l.mjpeg),
		get("live", "pictures of many cameras over one connection", l.wall),
		post("mute", "have nobody told of an event for a while", l.mute),
		{Method: http.MethodGet, Path: "/api/state", Doc: "the state as the first RVO told it", Serve: l.seed},
	}
	if c.Pipeline != nil {
		rs = append(rs, get("graph", "what the pipeline is made of", graphOf(c.Pipeline, l.look, c.Log)))
	}
	if l.tap != nil {
		rs = append(rs, get("log", "the last lines of the program's log", l.tap.lines.serve))
	}
	return rs
}

// start begins to tell those who listen. The function that it returns ends that and waits for it.
func (l *live) start() (stop func()) {
	if l == nil {
		return func() {}
	}
	var wg sync.WaitGroup
	wg.Go(func() { l.run(l.ctx) })
	wg.Go(func() { l.record(l.ctx) })
	return func() {
		l.hangUp()
		wg.Wait()
		l.pictures.stop()
		if l.tap != nil {
			l.tap.lines.listen(nil)
		}
	}
}

// hangUp ends the answers that have no end of their own.
func (l *live) hangUp() {
	if l != nil {
		l.end()
	}
}

// clients says who listens.
func (l *live) clients(s *api.State) {
	s.Clients.Subscribers, s.Clients.Dropped = l.hub.count()
	for camera, n := range l.pictures.watchers() {
		s.Clients.Watchers += n
		if c := s.Cameras[camera]; c != nil {
			c.Watchers = n
		}
	}
}

// stream tells what happens until the reader goes, or takes nothing for too long.
func (l *live) stream(w http.ResponseWriter, r *http.Request) {
	topics, ok := parseTopics(r.URL.Query().Get("topics"))
	if !ok {
		writeError(w, http.StatusBadRequest, "topics", "any of state, event, log, with commas")
		return
	}
	sub := l.hub.join(topics)
	if sub == nil {
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, "", "too many listen already")
		return
	}
	defer l.hub.leave(sub)
	out := newSender(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not keep it
	if topics["state"] {
		// At once, and not with the next delta: that may be half a second away.
		s := tell(l.look.now())
		l.clients(s)
		if !out.send(message("state", marshal(s))) {
			return
		}
	} else if !out.send([]byte(": hello\n\n")) {
		return
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var msg []byte
		select {
		case <-r.Context().Done():
			return
		case <-l.ctx.Done():
			return
		case msg = <-sub.states:
		case msg = <-sub.messages:
		case <-ping.C:
			msg = []byte(": still here\n\n")
		}
		if !out.send(msg) {
			return
		}
	}
}

// parseTopics reads topics=; all when it is empty.
func parseTopics(s string) (map[string]bool, bool) {
	if s == "" {
		s = "state,event,log"
	}
	out := map[string]bool{}
	for t := range strings.SplitSeq(s, ",") {
		switch t {
		case "state", "event", "log":
			out[t] = true
		default:
			return nil, false
		}
	}
	return out, true
}

// sender writes to one who listens, each time within sendLimit.
type sender struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newSender(w http.ResponseWriter) *sender {
	s := &sender{w, http.NewResponseController(w)}
	_ = s.rc.SetReadDeadline(time.Time{}) // nothing more is read, and the server's bound of a request is over soon
	return s
}

// send writes and flushes, and reports whether that went well.
func (s *sender) send(parts ...[]byte) bool {
	_ = s.rc.SetWriteDeadline(time.Now().Add(sendLimit)) // where the connection cannot, the server's own bound holds
	for _, p := range parts {
		if _, err := s.w.Write(p); err != nil {
			return false
		}
	}
	return s.rc.Flush() == nil
}
