package event

import (
	"slices"
	"testing"

	"rvo.dev/engine/tick"
)

// kinds returns what happened, and when.
func kinds(ts []Transition) (names []string) {
	for _, t := range ts {
		names = append(names, t.Kind.String()+" "+t.At.String())
	}
	return names
}

// TestRetune gives a running machine another config, as an edit of the pipeline does.
func TestRetune(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to Config
		answer   Answer // at 3, after yes at 0
		want     []string
	}{
		{"a shorter hold fires at once", Config{Hold: 9}, Config{Hold: 2}, Yes, []string{"confirmed 3ns"}},
		{"a longer hold counts from the first yes", Config{Hold: 5}, Config{Hold: 7}, Yes, []string{"confirmed 7ns"}},
		{"a shorter maxDuration ends at once", Config{}, Config{MaxDuration: 2, HasMax: true, Cooldown: 99}, Yes, []string{"ended 3ns"}},
		{"a shorter gap ends when it is over", Config{Grace: 9}, Config{Grace: 1}, No, []string{"ended 4ns"}},
		{"a longer gap too", Config{Grace: 1}, Config{Grace: 9}, No, []string{"ended 12ns"}},
		{"updates begin at once when they are overdue", Config{}, Config{Updates: 2}, Yes, []string{"updated 3ns", "updated 5ns", "updated 7ns", "updated 9ns", "updated 11ns", "updated 13ns"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var m Machine
			m.Step(&test.from, Yes, 0, nil)
			m.Step(&test.from, test.answer, 3, nil)
			out := m.Step(&test.to, test.answer, 3, nil)
			out = m.Step(&test.to, test.answer, 13, out)
			if got := kinds(out); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestMachineSays(t *testing.T) {
	cfg := Config{Hold: 2, Cooldown: 5}
	var m Machine
	for _, step := range []struct {
		answer           Answer
		now              tick.Time
		state            State
		since, confirmed tick.Time
		seq              uint64
		wake             tick.Time
	}{
		{No, 0, Idle, tick.Never, tick.Never, 0, tick.Never},
		{Yes, 1, Potential, 1, tick.Never, 0, 3},
		{Yes, 4, Confirmed, 1, 3, 1, tick.Never},
		{No, 6, Cooldown, 6, tick.Never, 1, 11},
		{Yes, 12, Potential, 12, tick.Never, 1, 14},
		{Yes, 15, Confirmed, 12, 14, 2, tick.Never},
	} {
		m.Step(&cfg, step.answer, step.now, nil)
		if m.State() != step.state || m.Since() != step.since || m.ConfirmedAt() != step.confirmed || m.Seq() != step.seq ||
			m.Wake(&cfg) != step.wake || m.Answer() != step.answer {
			t.Errorf("at %s: %s since %s, confirmed %s, #%d, wake %s, answer %s; want %+v",
				step.now, m.State(), m.Since(), m.ConfirmedAt(), m.Seq(), m.Wake(&cfg), m.Answer(), step)
		}
	}
}

// TestStepRefusesToRepeat: without Validate a mistake must not hang the core.
func TestStepRefusesToRepeat(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a pulse without hold and cooldown: Step must panic")
		}
	}()
	var m Machine
	m.Step(&Config{HasMax: true}, Yes, 0, nil)
}
