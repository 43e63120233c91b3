package engine

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// timeLayout is RFC 3339 with all nine digits, so that records sort as text; manifests use it too.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// RecordSchema is the id of the form in which event records are published.
const RecordSchema = "rvo.event/v1"

type recordCounts struct{ confirmed, updated, ended atomic.Uint64 }

// publish turns a machine's transition into a record for its sinks; transitions that nobody asked to hear of stay in the
// metrics. So do those of an occurrence that began while an operator did not want to hear of it; one that was told of is told
// of to its end.
func (e *Engine) publish(d *sched.Decision) {
	w := e.w.Load()
	m := w.machines[d.Machine]
	ev := &w.g.Events[w.g.Machines[d.Machine].Event]
	t := &d.Transition
	m.changes.of(t.Kind, t.Reason).Add(1)
	if t.Kind == event.KindConfirmed {
		m.untold = d.Muted
	}
	if m.untold {
		return
	}
	var clip string
	switch t.Kind {
	case event.KindConfirmed:
		e.records.confirmed.Add(1)
		clip = e.evidence.open(w, d)
		m.clip = clip
		if d.Frame > 0 {
			m.decision.observe(e.core.Now().Sub(d.Capture))
		}
	case event.KindUpdated:
		e.records.updated.Add(1)
		clip = m.clip
	case event.KindEnded:
		e.records.ended.Add(1)
		clip = m.clip
		e.evidence.ended(w, d)
	case event.KindPotential, event.KindIdle:
		return
	}
	r := e.record(w, d, clip)
	line, err := json.Marshal(r)
	if err != nil {
		e.log.Error("an event record cannot be written as JSON", "node", "event/"+ev.ID, "err", err)
		return
	}
	for _, i := range ev.Sinks {
		w.sinks[i].push(delivery{r, line})
	}
	e.feed.push(line)
}

func (e *Engine) record(w *wiring, d *sched.Decision, clip string) *node.Record {
	m := &w.g.Machines[d.Machine]
	ev := &w.g.Events[m.Event]
	t := &d.Transition
	at := func(x tick.Time) string { return time.Unix(0, d.Offset+int64(x)).UTC().Format(timeLayout) }
	r := &node.Record{
		Schema: RecordSchema, ID: d.Occurrence, Event: ev.ID, Camera: w.g.CameraID(m.Camera),
		State: t.Kind.String(), Reason: t.Reason.String(), Severity: ev.Severity,
		Time: at(t.At), Since: at(t.Since), Confirmed: at(t.ConfirmedAt), Seq: t.Seq,
		Labels: ev.Labels, Leaves: []node.RecordLeaf{}, Models: w.identities(d.Machine), Evidence: clip,
		Run: e.run, Pipeline: w.g.Name, Revision: d.Revision, Generation: d.Generation,
	}
	if d.Frame > 0 {
		r.Capture = at(d.Capture)
	}
	if t.Kind != event.KindConfirmed {
		r.Duration = t.At.Sub(t.ConfirmedAt).String()
	}
	for i := range d.Leaves {
		l := &d.Leaves[i]
		leaf := node.RecordLeaf{
			Path: l.Path, Camera: l.Camera, Signal: l.Signal, Test: l.Test, Answer: l.Answer.String(),
			Value: l.Value.Plain(), Frame: l.Frame,
		}
		if l.Age >= 0 {
			leaf.Age = l.Age.String()
		}
		r.Leaves = append(r.Leaves, leaf)
	}
	return r
}
