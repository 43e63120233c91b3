package test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Line is one line of a timeline.
type Line struct {
	At    time.Duration
	Place dsl.Place // of a step or an expectation
	// What is "given", "says" (what a condition says from now on), "came", "expected" or "forbidden".
	What string
	Text string
	// Wrong marks what came and should not have, and what should have come and did not.
	Wrong bool
	// Leaves are what decided, of a record.
	Leaves []event.Leaf
}

// timeline tells a test that failed: what was given, what the conditions of the events at fault said, what came of them and
// what was expected of them, in order.
func (s *Suite) timeline(t *Test, res *Result, told *story) []Line {
	atFault, wrong := map[int]bool{}, map[int]bool{}
	for i := range res.Failures {
		atFault[res.Failures[i].machine] = true
		wrong[res.Failures[i].record] = true
	}
	var out []Line
	for _, st := range t.steps {
		out = append(out, Line{At: time.Duration(st.at), Place: s.place(st.path), What: "given", Text: st.text})
	}
	for _, c := range told.changes {
		if !atFault[c.machine] {
			continue
		}
		text := fmt.Sprintf("the condition of %s is %s", s.machine(c.machine), c.answer)
		if c.closed {
			text = s.machine(c.machine) + " is outside of its hours"
		}
		out = append(out, Line{At: time.Duration(c.at), What: "says", Text: text})
	}
	for i := range res.Records {
		if r := &res.Records[i]; atFault[r.machine] {
			out = append(out, Line{
				At: time.Duration(r.Transition.At), What: "came", Text: s.machine(r.machine) + " " + recordText(&r.Transition),
				Wrong: wrong[i], Leaves: r.Leaves,
			})
		}
	}
	for i, r := range match(t, res.Records) {
		if e := &t.expect[i]; atFault[e.machine] && e.timed {
			out = append(out, Line{
				At: time.Duration(e.at), Place: s.place(e.path), What: "expected", Wrong: r < 0,
				Text: fmt.Sprintf("%s %s at %s", s.machine(e.machine), e.state, when(e.at, e.tolerance)),
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(a.At, b.At) })
	return out
}

// machine names an event, and its camera where it has one.
func (s *Suite) machine(i int) string {
	m := &s.graph.Machines[i]
	name := s.graph.Events[m.Event].ID
	if id := s.graph.CameraID(m.Camera); id != "" {
		name += " on " + id
	}
	return name
}

// recordText says what a transition is.
func recordText(t *event.Transition) string {
	var text string
	switch t.Kind {
	case event.KindPotential, event.KindConfirmed, event.KindUpdated:
		text = t.Kind.String()
	case event.KindEnded:
		text = fmt.Sprintf("ended (%s)", t.Reason)
		if t.To == event.Cooldown {
			text += ", in cooldown"
		}
	case event.KindIdle:
		text = "idle"
		if t.Reason != event.ReasonNone {
			text = fmt.Sprintf("given up (%s)", t.Reason)
		}
	}
	return text
}

// leafText is a leaf as people read it.
func leafText(l *event.Leaf) string {
	text := l.Signal
	if l.Camera != "" {
		text += " of " + l.Camera
	}
	if l.Test != "" {
		text += " " + l.Test
	}
	return text
}

// leafSays is what a leaf said of what.
func leafSays(l *event.Leaf) string {
	value := "is " + l.Value.String()
	switch {
	case l.Value.Type() == signal.TypeNone:
		value = "was never given"
	case l.Answer == event.Unknown:
		value += ", stale"
	}
	return fmt.Sprintf("%-7s %s (%s)", l.Answer, leafText(l), value)
}

// when prints a time with what it may be off by.
func when(at tick.Time, tolerance time.Duration) string {
	if tolerance == 0 {
		return short(at)
	}
	return short(at) + " ±" + short(tick.Time(tolerance))
}

// short prints a time of a test as people write it, as exact as tests are: 1m30s, 2h, 0s.
func short(at tick.Time) string {
	s := time.Duration(at).Round(grain).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// plural writes "1 test", "2 tests".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
