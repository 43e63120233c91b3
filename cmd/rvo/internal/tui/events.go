package tui

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine/node"
)

// events is the page of all events: the state each is in.
func (m *model) events() list {
	d := m.shown()
	l := list{empty: "the pipeline has no event", columns: []column{
		{title: "", width: 1},
		{title: "event", width: 18, grow: true},
		{title: "state", width: 9},
		{title: "for", width: 6, right: true},
		{title: "condition", width: 9},
		{title: "severity", width: 8, drop: 2},
		{title: "so far", width: 6, right: true},
		{title: "muted until", width: 11, drop: 1},
		{title: "last", width: 26, grow: true, drop: 3},
	}}
	newest := map[string]*node.Record{}
	rs := d.events.all()
	for i := range rs {
		newest[eventID(target{rs[i].Event, rs[i].Camera})] = &rs[i]
	}
	for _, id := range sortedKeys(d.state.Events) {
		e := d.state.Events[id]
		lastly := ""
		if r := newest[id]; r != nil {
			lastly = clean(r.State) + " at " + m.stamp(r.Time)
		}
		t := target{e.Event, e.Camera}
		l.rows = append(l.rows, row{key: id, mutes: &t, text: id + " " + e.State + " " + e.Answer + " " + e.Severity, cells: func() []string {
			return []string{
				m.g.mark(stateTone(e.State)), clean(id), paint(stateTone(e.State), clean(e.State)), stateAge(d.state.TimeMS, e), paint(stateTone(e.Answer), clean(e.Answer)),
				clean(e.Severity), number(e.Seq), m.mutedText(t), lastly,
			}
		}})
	}
	return l
}

// stateAge says how long an event is in its state; of one that is idle nothing is known.
func stateAge(nowMS int64, e *api.Event) string {
	if e.SinceMS == 0 {
		return "-"
	}
	return age(nowMS, e.SinceMS)
}

// askWhy asks what the condition of the event in the detail says.
func (m *model) askWhy() tea.Cmd {
	r := m.current()
	if !m.detail || r == nil || m.stream == nil || pages()[m.page].title != "Events" {
		return nil
	}
	e := m.shown().state.Events[r.key]
	if e == nil {
		return nil
	}
	of := target{e.Event, e.Camera}
	if of != m.whyOf {
		m.whyOf, m.why, m.whyErr = of, api.Why{}, nil
	}
	ctx, c := m.ctx, m.client
	return func() tea.Msg {
		q := url.Values{"event": {of.event}}
		if of.camera != "" {
			q.Set("camera", of.camera)
		}
		got := reason{of: of}
		got.err = c.get(ctx, "/api/v1/why?"+q.Encode(), &got.why)
		return got
	}
}

// event says of an event how it stands and why it fires or does not.
func (m *model) event(r row, w int) []string {
	d := m.shown()
	e := d.state.Events[r.key]
	if e == nil {
		return []string{"", paint(dim, "  it is gone")}
	}
	out := []string{"", heading("event " + clean(r.key)), ""}
	out = append(out, field("state", fmt.Sprintf("%s %s for %s", m.g.mark(stateTone(e.State)), clean(e.State), stateAge(d.state.TimeMS, e))))
	if until := m.mutedText(target{e.Event, e.Camera}); until != "" {
		out = append(out, field("muted until", until))
	}
	out = append(out, field("so far", fmt.Sprintf("%d, severity %s", e.Seq, clean(e.Severity))))
	machine := m.machine(target{e.Event, e.Camera})
	switch {
	case machine != nil:
		out = append(out, field("times", fmt.Sprintf("hold %s, grace %s, unknown grace %s, cooldown %s",
			span(ms(machine.HoldMS)), span(ms(machine.GraceMS)), span(ms(machine.UnknownGraceMS)), span(ms(machine.CooldownMS)))))
		out = append(out, "", heading(verdict(&machine.Event)))
		if machine.Tree != nil {
			out = append(out, m.tree(machine.Tree, m.why.TimeMS, w)...)
		}
	case m.whyErr != nil:
		out = append(out, "", "  "+paint(bad, clean(m.whyErr.Error())))
	default:
		out = append(out, "", paint(dim, "  asking why"))
	}
	out = append(out, "", heading("Records"))
	n := 0
	rs := d.events.all()
	for i := len(rs) - 1; i >= 0 && n < 20; i-- {
		if rs[i].Event == e.Event && rs[i].Camera == e.Camera {
			out = append(out, "    "+m.recordLine(&rs[i]))
			n++
		}
	}
	if n == 0 {
		out = append(out, paint(dim, "    none so far"))
	}
	return out
}

// machine returns what was told of an event's condition.
func (m *model) machine(t target) *api.Machine {
	if m.whyOf != t {
		return nil
	}
	for i := range m.why.Machines {
		if x := &m.why.Machines[i]; x.Event.Event == t.event && x.Camera == t.camera {
			return x
		}
	}
	return nil
}

// verdict says in a sentence why an event is where it is.
func verdict(e *api.Event) string {
	switch e.State {
	case "confirmed":
		return "Why it is confirmed: the condition was yes for long enough; it is " + clean(e.Answer) + " now"
	case "potential":
		return "Why it is not confirmed yet: the condition has to hold; it is " + clean(e.Answer) + " now"
	case "cooldown":
		return "Why it does not fire: it has just ended and cools down; the condition is " + clean(e.Answer) + " now"
	}
	if e.Answer == "yes" {
		return "The condition is yes now"
	}
	return "Why it does not fire: the condition is " + clean(e.Answer)
}

// records is the page of what was told, the newest first.
func (m *model) records() list {
	d := m.shown()
	l := list{empty: "no event so far", columns: []column{
		{title: "time", width: 12},
		{title: "", width: 1},
		{title: "state", width: 9},
		{title: "event", width: 18, grow: true},
		{title: "severity", width: 8, drop: 2},
		{title: "why", width: 8, drop: 3},
		{title: "lasted", width: 7, right: true, drop: 4},
		{title: "decided by", width: 24, grow: true, drop: 1},
	}}
	rs := d.events.all()
	for i := len(rs) - 1; i >= 0; i-- {
		r := &rs[i]
		id := eventID(target{r.Event, r.Camera})
		t := target{r.Event, r.Camera}
		var by []string
		for _, f := range r.Leaves {
			by = append(by, clean(strings.TrimSpace(f.Signal+" "+test(f.Test)))+" ("+value(f.Value)+")")
		}
		l.rows = append(l.rows, row{key: r.ID + r.State + r.Time, mutes: &t, text: id + " " + r.State + " " + r.Reason + " " + r.Severity, cells: func() []string {
			return []string{
				m.stamp(r.Time), m.recordMark(r), clean(r.State), clean(id), clean(r.Severity), clean(r.Reason), shortDuration(r.Duration), strings.Join(by, ", "),
			}
		}})
	}
	return l
}

// shortDuration writes a duration of a record.
func shortDuration(s string) string {
	d, err := time.ParseDuration(s)
	if err != nil {
		return clean(s)
	}
	return span(d)
}

// record is all that a record says.
func (m *model) record(r row, w int) []string {
	rs := m.shown().events.all()
	for i := range rs {
		if x := &rs[i]; x.ID+x.State+x.Time == r.key {
			return m.recordText(x, w)
		}
	}
	return []string{"", paint(dim, "  it is not kept any more")}
}

func (m *model) recordText(r *node.Record, w int) []string {
	out := []string{
		"", heading(clean(eventID(target{r.Event, r.Camera})) + " " + clean(r.State)), "",
		field("time", clean(r.Time)), field("true since", m.stamp(r.Since)), field("confirmed", m.stamp(r.Confirmed)),
		field("severity", clean(r.Severity)), field("occurrence", fmt.Sprintf("%d, id %s", r.Seq, clean(r.ID))),
	}
	for _, f := range []struct{ name, text string }{
		{"picture taken", r.Capture}, {"ended because", r.Reason}, {"lasted", r.Duration}, {"clip", r.Evidence},
	} {
		if f.text != "" {
			out = append(out, wrapField(f.name, clean(f.text), w)...)
		}
	}
	for _, k := range sortedKeys(r.Labels) {
		out = append(out, field("label "+clean(k), clean(r.Labels[k])))
	}
	out = append(out, field("pipeline", fmt.Sprintf("%s, generation %d, revision %s", clean(r.Pipeline), r.Generation, short(r.Revision))))
	out = append(out, "", heading("What decided"))
	for _, f := range r.Leaves {
		name := f.Signal
		if f.Camera != "" {
			name += "@" + f.Camera
		}
		out = append(out, fmt.Sprintf("    %s %s  %s %s  is %s  age %s  frame %d", m.g.mark(stateTone(f.Answer)), fit(clean(f.Answer), 7, m.g),
			clean(name), test(f.Test), value(f.Value), shortDuration(f.Age), f.Frame))
	}
	return out
}
