package web

import (
	"math"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/redact"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// tell turns what the engine is into what the API says of it.
func tell(v *engine.View) *api.State {
	s := &api.State{
		TimeMS: v.Wall.UnixMilli(), Run: v.Run, Pipeline: v.Pipeline, Revision: v.Revision, Generation: v.Generation,
		UptimeMS: ms(v.Uptime), Started: v.Started, Stopping: v.Stopping, Ready: v.Ready(), Reasons: []api.Reason{},
		Ticks: v.Ticks, Memory: api.Memory{Bytes: v.Memory, Limit: v.MemoryLimit},
		EventsTotal: api.EventsTotal{Confirmed: v.Events.Confirmed, Updated: v.Events.Updated, Ended: v.Events.Ended},
		Reloads:     []api.Reload{},
	}
	for _, r := range v.Reasons {
		s.Reasons = append(s.Reasons, api.Reason{Node: r.Node, Why: redact.Text(r.Why)})
	}
	for i := range v.Reloads {
		s.Reloads = append(s.Reloads, reloadOf(&v.Reloads[i]))
	}
	if p := v.Probation; p != nil {
		s.Probation = &api.Probation{Generation: p.Generation, UntilMS: p.Until.UnixMilli(), Nodes: p.Nodes}
	}
	t := teller{v}
	s.Cameras, s.Detectors, s.Signals, s.Events = t.cameras(), t.detectors(), t.signals(), t.events()
	s.Queues, s.Sinks, s.Evidence = t.queues(), t.sinks(), t.evidence()
	return s
}

func reloadOf(r *engine.Reload) api.Reload {
	c := &r.Changes
	return api.Reload{
		TimeMS: r.At.UnixMilli(), By: r.By, Result: r.Outcome, Generation: r.Generation, Revision: r.Revision, Node: r.Node, Step: r.Step,
		Error: redact.Text(r.Why), Changes: c.Added + c.Removed + c.Replaced + c.Retuned,
		Added: c.Added, Removed: c.Removed, Replaced: c.Replaced, Retuned: c.Retuned, Kept: c.Kept,
		PrepareMS: ms(r.Prepare), CommitMS: ms(r.Commit), TotalMS: ms(r.Total),
	}
}

type teller struct{ v *engine.View }

// moment is a point of core time as the API says it; 0 for what has not been and for what will never be.
func (t teller) moment(at tick.Time) int64 {
	if at < 0 || at == tick.Never {
		return 0
	}
	return t.v.At(at).UnixMilli()
}

// ms is a length of time in milliseconds, to a microsecond.
func ms(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }

// lifetime is a time to live in milliseconds, 0 for one that never ends: what a camera says of itself.
func lifetime(ttl time.Duration) float64 {
	if ttl == math.MaxInt64 {
		return 0
	}
	return ms(ttl)
}

// tenths rounds a rate: what moves less says nothing.
func tenths(x float64) float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	return math.Round(10*x) / 10
}

func (t teller) cameras() map[string]*api.Camera {
	out := make(map[string]*api.Camera, len(t.v.Cameras))
	for i := range t.v.Cameras {
		c, more := &t.v.Cameras[i], &t.v.Cams[i]
		out[c.ID] = &api.Camera{
			State: c.State, Error: redact.Text(c.Error), Width: c.Width, Height: c.Height, FPS: tenths(c.FPS), Frames: c.Frames,
			Dropped:    api.Drops{Superseded: more.Superseded, NoBuffer: more.NoBuffer, Corrupt: more.Corrupt},
			Reconnects: c.Reconnects, Stalls: more.Stalls, CapturedMS: t.moment(more.Captured),
			Buffers: more.Buffers, BuffersCapacity: more.BuffersCapacity, RingBytes: more.RingBytes, RingCapacity: more.RingCapacity,
		}
	}
	return out
}

func (t teller) detectors() map[string]*api.Detector {
	g := t.v.Graph
	out := make(map[string]*api.Detector, len(t.v.Detectors))
	for i := range t.v.Detectors {
		d, l, in := &t.v.Detectors[i], &t.v.Lanes[i], &g.Instances[i]
		a := &api.Detector{
			Detector: d.ID, Camera: d.Camera, Health: d.Health, Error: redact.Text(d.Error),
			Doing: "waiting", SinceMS: t.moment(l.Doing.Since), UntilMS: t.moment(l.Doing.Until),
			Offers: l.Offers, Runs: l.Runs, OK: l.OK, Failed: l.Failed, Panics: l.Panics, Timeouts: l.Timeouts, Missed: l.Missed,
			Skips: d.Skipped, CostMS: ms(l.Cost), DeclaredMS: ms(in.Cost), MeanMS: ms(d.Mean), TimeoutMS: ms(in.Timeout),
			FPS: rate(in.Period), FPSLimit: rate(l.Period), Threads: in.Threads, Priority: priority(in.Priority), Restarts: d.Restarts,
		}
		switch {
		case in.External:
			a.Doing = "told"
		case l.Doing.Running:
			a.Doing = "running"
		case l.Doing.Hindered:
			a.Doing, a.Cause, a.Missing = "hindered", l.Doing.Cause.String(), l.Doing.Signal
		}
		out[g.InstanceName(i)] = a
	}
	return out
}

// rate is a period as runs a second.
func rate(period time.Duration) float64 {
	if period <= 0 {
		return 0
	}
	return math.Round(100*float64(time.Second)/float64(period)) / 100
}

func priority(p graph.Priority) string {
	return [...]string{"low", "normal", "high", "critical"}[p]
}

// at is "person.count@gate", or the signal alone where it has no camera.
func at(name, camera string) string {
	if camera == "" {
		return name
	}
	return name + "@" + camera
}

func (t teller) signals() map[string]*api.Signal {
	g := t.v.Graph
	out := make(map[string]*api.Signal, len(g.Cells))
	for i := range g.Cells {
		c := &g.Cells[i]
		if !c.Written() {
			continue // of a camera that has no such signal: what it would say is nothing
		}
		out[at(c.Signal, g.CameraID(c.Camera))] = t.signal(c, &t.v.Cells[i])
	}
	return out
}

func (t teller) signal(c *graph.Cell, cell *signal.Cell) *api.Signal {
	s := &api.Signal{
		Signal: c.Signal, Camera: t.v.Graph.CameraID(c.Camera), Type: c.Type.String(), Value: plain(cell.Value), TTLMS: lifetime(cell.TTL),
		Fresh: cell.Fresh(t.v.Now), Frame: cell.Frame,
	}
	if cell.Seen() {
		s.CapturedMS = t.moment(cell.Capture)
	}
	return s
}

// maxBoxes bounds the boxes of one value: more cannot be told apart on a picture.
const maxBoxes = 256

// plain is a value as JSON: of boxes those that are numbers, and not more than people can look at.
func plain(v signal.Value) any {
	if v.Type() != signal.TypeBoxes {
		return v.Plain()
	}
	out := []signal.Box{}
	for _, b := range v.AsBoxes() {
		if b.Finite() && len(out) < maxBoxes {
			out = append(out, b)
		}
	}
	return out
}

func (t teller) events() map[string]*api.Event {
	g := t.v.Graph
	out := make(map[string]*api.Event, len(g.Machines))
	for i := range g.Machines {
		e := t.event(i, &t.v.Machines[i])
		out[at(e.Event, e.Camera)] = &e
	}
	return out
}

func (t teller) event(i int, m *sched.MachineLook) api.Event {
	g := t.v.Graph
	ev := &g.Events[g.Machines[i].Event]
	e := api.Event{
		Event: ev.ID, Camera: g.CameraID(g.Machines[i].Camera), State: m.State.String(), Answer: m.Answer.String(),
		SinceMS: t.moment(m.Since), ConfirmedMS: t.moment(m.Confirmed), Seq: m.Seq, Severity: ev.Severity,
	}
	if e.SinceMS == 0 {
		e.SinceMS = t.moment(m.AnswerSince)
	}
	if m.Muted > t.v.Now {
		e.MutedUntilMS = t.moment(m.Muted)
	}
	return e
}

func (t teller) queues() map[string]*api.Queue {
	out := make(map[string]*api.Queue, len(t.v.Queues))
	for _, q := range t.v.Queues {
		out[q.Name] = &api.Queue{Depth: q.Depth, Capacity: q.Capacity, Policy: q.Policy, Dropped: q.Dropped}
	}
	return out
}

func (t teller) sinks() map[string]*api.Sink {
	out := make(map[string]*api.Sink, len(t.v.Sinks))
	for i, s := range t.v.Sinks {
		a := &api.Sink{Error: redact.Text(s.Error), Written: s.Written, Dropped: s.Dropped, Waiting: s.Waiting}
		if i < len(t.v.Outputs) {
			a.Retried = t.v.Outputs[i].Retried
		}
		out[s.ID] = a
	}
	return out
}

func (t teller) evidence() map[string]*api.Evidence {
	out := make(map[string]*api.Evidence, len(t.v.Policies))
	for i := range t.v.Policies {
		p := &t.v.Policies[i]
		e := &api.Evidence{
			Dir: p.Dir, Error: redact.Text(p.Error), Clips: p.Clips, Merged: p.Merged, Pending: p.Pending, Bytes: p.Bytes,
			Dropped: map[string]uint64{}, Short: map[string]uint64{},
		}
		for cause, n := range p.Dropped {
			e.Dropped[string(cause)] = n
		}
		for reason, n := range p.Short {
			e.Short[string(reason)] = n
		}
		out[p.ID] = e
	}
	return out
}
