package tui

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine/node"
)

const (
	// keptRecords and keptLines bound what is kept of events and of the log.
	keptRecords = 500
	keptLines   = 2000
	// maxTracks bounds how many small graphs are kept: of so many things half a megabyte each thousand. What is beyond it
	// is shown without.
	maxTracks = 8000
)

// track is the history of one thing, and the count it was made from.
type track struct {
	history
	count uint64
	known bool
}

// data is what the server told, as far as it is kept.
type data struct {
	state  api.State
	have   bool // there was a state
	events ring[node.Record]
	seen   map[string]bool // records by id and state, so that a list and the stream do not tell one twice
	lines  ring[logLine]
	tracks map[string]*track
	ticks  track
	tried  outcomes
	lost   uint64 // messages that this reader did not get because it was too slow
}

func newData() *data {
	d := &data{events: newRing[node.Record](keptRecords), lines: newRing[logLine](keptLines), seen: map[string]bool{}}
	d.forget()
	return d
}

// forget drops what belongs to another run, and keeps what people read.
func (d *data) forget() {
	d.tracks, d.ticks = map[string]*track{}, track{}
}

// clone returns data that later messages do not change. What the server told of one thing is never changed, only replaced.
func (d *data) clone() *data {
	c := *d
	c.state.Sections = api.Sections{
		Cameras: maps.Clone(d.state.Cameras), Detectors: maps.Clone(d.state.Detectors), Signals: maps.Clone(d.state.Signals),
		Events: maps.Clone(d.state.Events), Queues: maps.Clone(d.state.Queues), Sinks: maps.Clone(d.state.Sinks),
		Evidence: maps.Clone(d.state.Evidence),
	}
	c.events, c.lines = d.events.clone(), d.lines.clone()
	c.tracks = make(map[string]*track, len(d.tracks))
	for id, t := range d.tracks {
		own := *t
		c.tracks[id] = &own
	}
	return &c
}

// whole takes a new state.
func (d *data) whole(raw []byte) error {
	var s api.State
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if s.Run != d.state.Run {
		d.forget()
	}
	before := d.state.TimeMS
	d.state, d.have = s, true
	present(&d.state.Cameras)
	present(&d.state.Detectors)
	present(&d.state.Signals)
	present(&d.state.Events)
	present(&d.state.Queues)
	present(&d.state.Sinks)
	present(&d.state.Evidence)
	d.sample(before)
	return nil
}

// change takes what differs from the state before: a thing that is null is gone.
func (d *data) change(raw []byte) error {
	s := d.state
	s.Sections = api.Sections{}
	s.Reasons, s.Reloads = nil, nil
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if s.Reasons == nil {
		s.Reasons = d.state.Reasons
	}
	if s.Reloads == nil {
		s.Reloads = d.state.Reloads
	}
	before, now := d.state.TimeMS, s.Sections
	s.Sections = d.state.Sections
	merge(s.Cameras, now.Cameras)
	merge(s.Detectors, now.Detectors)
	merge(s.Signals, now.Signals)
	merge(s.Events, now.Events)
	merge(s.Queues, now.Queues)
	merge(s.Sinks, now.Sinks)
	merge(s.Evidence, now.Evidence)
	d.state = s
	d.sample(before)
	return nil
}

// present makes a section that can be written to, without things that are null.
func present[V any](m *map[string]*V) {
	if *m == nil {
		*m = map[string]*V{}
	}
	maps.DeleteFunc(*m, func(_ string, v *V) bool { return v == nil })
}

func merge[V any](into, from map[string]*V) {
	for id, v := range from {
		if v == nil {
			delete(into, id)
		} else {
			into[id] = v
		}
	}
}

// sample adds what is now to the histories. before is the server's time of the state before, in milliseconds.
func (d *data) sample(before int64) {
	s := &d.state
	seconds := float64(s.TimeMS-before) / 1000
	if before == 0 || seconds <= 0 || seconds > 60 {
		seconds = 0 // nothing to measure a rate by
	}
	live := make(map[string]bool, len(s.Detectors)+len(s.Cameras)+len(s.Signals))
	for id, x := range s.Cameras {
		d.level("camera/"+id, x.FPS, live)
	}
	for id, x := range s.Detectors {
		d.rate("detector/"+id, x.Runs, seconds, live)
	}
	for id, x := range s.Signals {
		if v, ok := numeric(x.Value); ok && x.Fresh {
			d.level("signal/"+id, v, live)
		} else {
			d.level("signal/"+id, 0, live)
		}
	}
	d.ticks.rate(s.Ticks, seconds)
	maps.DeleteFunc(d.tracks, func(id string, _ *track) bool { return !live[id] })
}

func (d *data) track(id string, live map[string]bool) *track {
	live[id] = true
	t := d.tracks[id]
	if t == nil {
		if len(d.tracks) >= maxTracks {
			return &track{}
		}
		t = &track{}
		d.tracks[id] = t
	}
	return t
}

func (d *data) level(id string, v float64, live map[string]bool) { d.track(id, live).add(v) }

func (d *data) rate(id string, count uint64, seconds float64, live map[string]bool) {
	d.track(id, live).rate(count, seconds)
}

// rate adds how much a count grew a second.
func (t *track) rate(count uint64, seconds float64) {
	if t.known && seconds > 0 && count >= t.count {
		t.add(float64(count-t.count) / seconds)
	}
	t.count, t.known = count, true
}

// now returns the mean of the last two seconds: one sample of a slow rate is either nothing or too much.
func (t *track) now() (float64, bool) {
	if t == nil || t.n == 0 {
		return 0, false
	}
	n, sum := min(4, t.n), 0.0
	for i := range n {
		sum += t.last(i)
	}
	return sum / float64(n), true
}

// record takes an event record.
func (d *data) record(raw []byte) error {
	var r node.Record
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	key := r.ID + r.State + r.Time
	if d.seen[key] {
		return nil
	}
	if len(d.seen) > 4*keptRecords {
		d.seen = map[string]bool{}
		for _, old := range d.events.all() {
			d.seen[old.ID+old.State+old.Time] = true
		}
	}
	d.seen[key] = true
	d.events.add(r)
	return nil
}

// history takes the records that were there before, the newest first.
func (d *data) history(rs api.Records) {
	for _, raw := range slices.Backward(rs.Records) {
		_ = d.record(raw) // one that cannot be read is not shown
	}
}

// log takes a line of the server's log.
func (d *data) log(raw []byte) error {
	var l api.Log
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	d.line(&l)
	return nil
}

func (d *data) line(l *api.Log) {
	var text strings.Builder
	text.WriteString(l.Message)
	for _, k := range sortedKeys(l.Attrs) {
		text.WriteString("  " + k + "=" + l.Attrs[k])
	}
	d.lines.add(logLine{at: moment(l.TimeMS), level: l.Level, text: clean(text.String())})
}

// earlier takes the lines that were written before the stream began; those that are known already are left out.
func (d *data) earlier(ls api.LogLines) {
	var newest time.Time
	if have := d.lines.all(); len(have) > 0 {
		newest = have[len(have)-1].at
	}
	for i := range ls.Lines {
		if moment(ls.Lines[i].TimeMS).After(newest) {
			d.line(&ls.Lines[i])
		}
	}
}

// numeric returns a value as a number to draw: of boxes how many.
func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return v, true
	case []any:
		return float64(len(v)), true
	}
	return 0, false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// causes lists counts by cause, the largest first.
func causes(m map[string]uint64) []cause {
	var out []cause
	for k, n := range m {
		if n > 0 {
			out = append(out, cause{clean(k), n})
		}
	}
	slices.SortFunc(out, func(a, b cause) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	return out
}

type cause struct {
	name string
	n    uint64
}

// miss counts what the server could not send because this reader was too slow.
func (d *data) miss(raw []byte) error {
	var l api.Lost
	if err := json.Unmarshal(raw, &l); err != nil {
		return err
	}
	d.lost += l.Messages
	return nil
}
