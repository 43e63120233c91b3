package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/redact"
	"rvo.dev/engine/tick"
)

// Engine is what the server shows and asks of the engine; engine.Engine is one. All of it may be called from any goroutine.
type Engine interface {
	View() engine.View
	Reason(event, camera string, most int) engine.Reasoning
	Found(camera string) []engine.Found
	At(t tick.Time) time.Time
	Picture(ctx context.Context, camera string) (*frame.Frame, error)
	Record(ctx context.Context) ([]byte, bool)
	Mute(event, camera string, d time.Duration) ([]engine.Muted, error)
	Tell(signal, camera string, value json.RawMessage, age time.Duration) error
}

// state gives all that runs.
func (l *live) state(w http.ResponseWriter, _ *http.Request) {
	s := tell(l.look.now())
	l.clients(s)
	writeJSON(w, http.StatusOK, s)
}

// signals gives the newest values.
func (l *live) signals(w http.ResponseWriter, _ *http.Request) {
	v := l.look.now()
	writeJSON(w, http.StatusOK, api.Signals{TimeMS: v.Wall.UnixMilli(), Signals: teller{v}.signals()})
}

// maxMute is the longest that an event may be muted: who wants it for longer takes it out of the pipeline, where others see it.
const maxMute = 7 * 24 * time.Hour

// mute has nobody told of events for a while.
func (l *live) mute(w http.ResponseWriter, r *http.Request) {
	var body api.Mute
	if !readJSON(w, r, &body) {
		return
	}
	d, err := time.ParseDuration(body.For)
	if err != nil || d < 0 || d > maxMute {
		writeError(w, http.StatusBadRequest, "for", `must be a length of time from "0s", which ends it, to "168h"`)
		return
	}
	muted, err := l.engine.Mute(body.Event, body.Camera, d)
	if err != nil {
		refuseTold(w, err)
		return
	}
	out := api.Muted{Muted: []string{}}
	if d > 0 {
		out.UntilMS = time.Now().Add(d).UnixMilli()
	}
	for _, m := range muted {
		out.Muted = append(out.Muted, at(m.Event, m.Camera))
	}
	l.log.Info("events muted", "events", out.Muted, "for", d, "from", r.RemoteAddr)
	writeJSON(w, http.StatusOK, out)
}

// maxAge is how old what is told from outside may be: more has a wrong clock or a wrong unit.
const maxAge = 24 * time.Hour

// told takes what a signal says from outside.
func (l *live) told(w http.ResponseWriter, r *http.Request) {
	var body api.External
	if !readJSON(w, r, &body) {
		return
	}
	age := time.Duration(body.AgeMS * float64(time.Millisecond))
	if body.AgeMS < 0 || body.AgeMS > ms(maxAge) {
		writeError(w, http.StatusBadRequest, "age_ms", "must be from 0 to 86400000, a day")
		return
	}
	if err := l.engine.Tell(r.PathValue("name"), body.Camera, body.Value, age); err != nil {
		refuseTold(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// refuseTold answers why the engine does not take something.
func refuseTold(w http.ResponseWriter, err error) {
	var no *engine.TellError
	switch {
	case errors.As(err, &no):
		code := http.StatusBadRequest
		if no.Field == "signal" {
			code = http.StatusNotFound
		}
		writeError(w, code, no.Field, no.Why)
	default:
		writeError(w, http.StatusServiceUnavailable, "", err.Error())
	}
}

// seed gives the state as the first RVO told it.
func (l *live) seed(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, l.asSeed(l.look.now()))
}

func (l *live) asSeed(v *engine.View) api.SeedState {
	g := v.Graph
	s := api.SeedState{Config: v.Pipeline, Signals: []api.SeedSignal{}, Nodes: []api.SeedNode{}, Events: l.records.seed(v.Wall.Add(-v.Uptime))}
	if len(v.Cameras) > 0 {
		s.Camera = v.Cameras[0].ID
	}
	for i := range g.Cells {
		c := &g.Cells[i]
		if c.Own || c.Instance < 0 {
			continue
		}
		name := c.Signal
		if len(g.Cameras) > 1 {
			name = at(c.Signal, g.CameraID(c.Camera))
		}
		seed := api.SeedSignal{Name: name, Present: v.Cells[i].Fresh(v.Now)}
		if seed.Present {
			seed.Value = plain(v.Cells[i].Value)
		}
		s.Signals = append(s.Signals, seed)
	}
	var took time.Duration
	done := uint64(0)
	for i := range v.Lanes {
		lane := &v.Lanes[i]
		s.Metrics.DetectorExecs += lane.Runs
		s.Metrics.DetectorFailures += lane.Failed + lane.Panics + lane.Timeouts
		for _, n := range lane.Skips {
			s.Metrics.DetectorSkips += n
		}
		took += lane.Took
		done += lane.OK + lane.Failed + lane.Panics
	}
	if done > 0 {
		s.Metrics.AvgExecUS = float64(took.Microseconds()) / float64(done)
	}
	s.Metrics.Ticks, s.Metrics.EventsEmitted = v.Ticks, v.Events.Confirmed
	for _, c := range v.Cameras {
		s.Metrics.FrameDrops += c.Dropped
	}
	for i := range g.Detectors {
		s.Nodes = append(s.Nodes, seedNode(&g.Detectors[i]))
	}
	return s
}

// seedNode is a detector; of one that asks a service, its address and what it is asked for.
func seedNode(d *graph.Detector) api.SeedNode {
	n := api.SeedNode{Label: d.ID, Kind: d.Kind.Contract.Name}
	var o struct {
		Endpoint string `json:"endpoint"`
	}
	if json.Unmarshal(d.Options, &o) != nil || o.Endpoint == "" {
		return n
	}
	endpoint := redact.Text(o.Endpoint)
	n.Endpoint = &endpoint
	if len(d.Emits) > 0 {
		n.Signal = &d.Emits[0].Name
	}
	return n
}
