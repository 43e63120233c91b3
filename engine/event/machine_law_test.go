package event

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

// said is an answer and when it came.
type said struct {
	at     tick.Time
	answer Answer
}

// twin is the event machine as DESIGN's table reads: it visits every nanosecond, keeps the whole history of answers and
// asks it again each time.
type twin struct {
	cfg       Config
	history   []said
	state     State
	seq       uint64
	since     tick.Time // yes since
	confirmed tick.Time
	updated   tick.Time
	ended     tick.Time
	out       []Transition
}

// run plays answers, in order of time, until end.
func (w *twin) run(answers []said, end tick.Time) []Transition {
	for now := tick.Time(0); now <= end; now++ {
		for w.timer(now) {
		}
		for ; len(answers) > 0 && answers[0].at == now; answers = answers[1:] {
			w.history = append(w.history, answers[0])
			if w.state == Idle {
				w.idle(now)
			}
			for w.timer(now) {
			}
		}
	}
	return w.out
}

// present is the last answer.
func (w *twin) present() Answer {
	if len(w.history) == 0 {
		return Unknown
	}
	return w.history[len(w.history)-1].answer
}

// gap returns when the first answer of one kind came since the last yes.
func (w *twin) gap(a Answer) (tick.Time, bool) {
	var first tick.Time
	found := false
	for _, s := range slices.Backward(w.history) {
		if s.answer == Yes {
			break
		}
		if s.answer == a {
			first, found = s.at, true
		}
	}
	return first, found
}

// over reports whether a gap has lasted for its grace.
func (w *twin) over(a Answer, grace time.Duration, now tick.Time) bool {
	start, ok := w.gap(a)
	return ok && now-start >= tick.Time(grace)
}

// idle begins an event if the present answer is yes.
func (w *twin) idle(now tick.Time) {
	if w.present() != Yes {
		return
	}
	w.since = now
	if w.cfg.Hold > 0 {
		w.to(Potential, KindPotential, ReasonNone, now)
		return
	}
	w.confirm(now)
}

func (w *twin) confirm(now tick.Time) {
	w.seq++
	w.confirmed, w.updated = now, now
	w.to(Confirmed, KindConfirmed, ReasonNone, now)
}

func (w *twin) end(reason Reason, now tick.Time) {
	w.ended = now
	if w.cfg.Cooldown > 0 {
		w.to(Cooldown, KindEnded, reason, now)
		return
	}
	w.to(Idle, KindEnded, reason, now)
	w.idle(now)
}

func (w *twin) to(state State, kind TransitionKind, reason Reason, now tick.Time) {
	t := Transition{Kind: kind, Reason: reason, From: w.state, To: state, At: now, Since: w.since, ConfirmedAt: tick.Never, Seq: w.seq}
	if w.state == Confirmed || state == Confirmed {
		t.ConfirmedAt = w.confirmed
	}
	if w.state == Cooldown {
		t.Since = tick.Never
	}
	w.state = state
	w.out = append(w.out, t)
}

// timer does the first thing that is due at now and reports whether there was one.
func (w *twin) timer(now tick.Time) bool {
	no, isNo := w.gap(No)
	unknown, isUnknown := w.gap(Unknown)
	switch w.state {
	case Idle:
	case Potential:
		switch {
		case isNo && (!isUnknown || no <= unknown):
			if now-no >= tick.Time(w.cfg.Grace) {
				w.to(Idle, KindIdle, ReasonNo, now)
				return true
			}
		case isUnknown:
			if now-unknown >= tick.Time(w.cfg.Grace) {
				w.to(Idle, KindIdle, ReasonUnknown, now)
				return true
			}
		case now-w.since >= tick.Time(w.cfg.Hold):
			w.confirm(now)
			return true
		}
	case Confirmed:
		switch {
		case w.over(No, w.cfg.Grace, now):
			w.end(ReasonNo, now)
		case w.over(Unknown, w.cfg.UnknownGrace, now):
			w.end(ReasonUnknown, now)
		case w.cfg.HasMax && now-w.confirmed >= tick.Time(w.cfg.MaxDuration):
			w.end(ReasonMax, now)
		case w.cfg.Updates > 0 && now-w.updated >= tick.Time(w.cfg.Updates):
			w.updated = now
			w.to(Confirmed, KindUpdated, ReasonNone, now)
		default:
			return false
		}
		return true
	case Cooldown:
		if now-w.ended >= tick.Time(w.cfg.Cooldown) {
			w.to(Idle, KindIdle, ReasonNone, now)
			w.idle(now)
			return true
		}
	}
	return false
}

// drawnConfig draws a config that Validate takes, zeros often.
func drawnConfig(t *rapid.T) Config {
	d := func(name string) time.Duration { return time.Duration(max(0, rapid.IntRange(-3, 7).Draw(t, name))) }
	cfg := Config{
		Hold: d("hold"), Grace: d("grace"), UnknownGrace: d("unknownGrace"), Cooldown: d("cooldown"),
		MaxDuration: d("maxDuration"), HasMax: rapid.Bool().Draw(t, "hasMax"), Updates: d("updates"),
	}
	if cfg.Validate() != nil {
		cfg.Cooldown = 1
	}
	return cfg
}

// drawnAnswers draws answers until end, several at one instant at times, mostly yes so that something happens.
func drawnAnswers(t *rapid.T, end int) []said {
	var list []said
	for now := rapid.IntRange(0, 5).Draw(t, "first"); now <= end; now += rapid.IntRange(0, 6).Draw(t, "later") {
		a := rapid.SampledFrom([]Answer{Yes, Yes, No, Unknown}).Draw(t, "answer")
		list = append(list, said{tick.Time(now), a})
	}
	return list
}

// TestMachineLaw compares the machine with its twin in three ways of calling it: at its wake times, only when an answer
// comes, and at every instant. What happens must be the same.
func TestMachineLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 80
		cfg := drawnConfig(t)
		answers := drawnAnswers(t, end)
		want := (&twin{cfg: cfg}).run(answers, end)

		var m Machine
		var out []Transition
		wakes := func(until tick.Time) {
			for w := m.Wake(&cfg); w <= until; w = m.Wake(&cfg) {
				n := len(out)
				if out = m.Step(&cfg, m.Answer(), w, out); len(out) == n {
					t.Fatalf("woken at %s, and nothing happened", w)
				}
				if out[n].At != w {
					t.Fatalf("woken at %s for what happened at %s", w, out[n].At)
				}
			}
		}
		for _, s := range answers {
			wakes(s.at)
			out = m.Step(&cfg, s.answer, s.at, out)
			if w := m.Wake(&cfg); w <= s.at {
				t.Fatalf("at %s the machine wants to be called at %s: must be later", s.at, w)
			}
		}
		wakes(end)
		same(t, "at its wake times", out, want)
		chain(t, out)

		m, out = Machine{}, nil
		for _, s := range answers {
			out = m.Step(&cfg, s.answer, s.at, out)
		}
		out = m.Step(&cfg, m.Answer(), end, out)
		same(t, "only with answers", out, want)

		m, out = Machine{}, nil
		rest := answers
		for now := tick.Time(0); now <= end; now++ {
			out = m.Step(&cfg, m.Answer(), now, out)
			for ; len(rest) > 0 && rest[0].at == now; rest = rest[1:] {
				out = m.Step(&cfg, rest[0].answer, now, out)
			}
		}
		same(t, "at every instant", out, want)
	})
}

// same compares transitions.
func same(t *rapid.T, how string, got, want []Transition) {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("stepped %s: %+v is missing", how, want[i])
		case i >= len(want):
			t.Fatalf("stepped %s: %+v is too much", how, got[i])
		case got[i] != want[i]:
			t.Fatalf("stepped %s: transition %d is\n%+v, must be\n%+v", how, i, got[i], want[i])
		}
	}
}

// chain checks that each transition starts where the one before led, and not earlier.
func chain(t *rapid.T, ts []Transition) {
	state, at := Idle, tick.Time(0)
	for _, x := range ts {
		if x.From != state || x.At < at {
			t.Fatalf("%+v does not follow on %s at %s", x, state, at)
		}
		state, at = x.To, x.At
	}
}

// TestMachineCarryLaw moves a machine's state to another machine now and then. With the same condition nothing changes; with
// another one each event is still confirmed once and ended once, and no cooldown is cut short.
func TestMachineCarryLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 80
		cfg := drawnConfig(t)
		answers := drawnAnswers(t, end)
		same := rapid.Bool().Draw(t, "the same condition")
		var m Machine
		var out []Transition
		for _, s := range answers {
			out = m.Step(&cfg, s.answer, s.at, out)
			if rapid.IntRange(0, 2).Draw(t, "edit") > 0 {
				continue
			}
			old := m
			m = Machine{}
			out = m.Carry(old, same, s.at, out)
			if m.State() != old.State() && (same || old.State() != Potential) || m.Seq() != old.Seq() {
				t.Fatalf("carried from %s #%d to %s #%d", old.State(), old.Seq(), m.State(), m.Seq())
			}
			out = m.Step(&cfg, s.answer, s.at, out)
		}
		out = m.Step(&cfg, m.Answer(), end, out)
		chain(t, out)
		if same {
			same := (&twin{cfg: cfg}).run(answers, end)
			if !slices.Equal(out, same) {
				t.Fatalf("edited without a change:\n%+v\nmust be\n%+v", out, same)
			}
			return
		}
		var seq uint64
		quiet := tick.Time(0)
		for _, x := range out {
			switch x.Kind {
			case KindConfirmed:
				if seq++; x.Seq != seq || x.At < quiet {
					t.Fatalf("%+v: must be event %d, not before %s", x, seq, quiet)
				}
			case KindEnded:
				quiet = x.At.Add(cfg.Cooldown)
			case KindPotential, KindIdle, KindUpdated:
			}
		}
	})
}
