package analysis

import (
	"fmt"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// derive says what follows for a set from how long its lanes wait for a slot. Its producers were derived before. The
// letters are those of MODEL.md.
func (m *model) derive(s *set, wait Span) state {
	st := state{wait: wait}
	switch {
	case s.blind:
		m.deriveBlind(s, &st)
	case s.chained:
		m.deriveChained(s, &st)
	default:
		m.deriveFed(s, &st)
	}
	if st.every == Unbounded || st.age == Unbounded {
		st.every, st.age = Unbounded, Unbounded
		if st.why == "" {
			st.why = "a slot may never be free: " + m.overload(s)
		}
	}
	spacing := add(st.every, -Span(s.cost))
	st.starves = s.slowest > 0 && s.priority != graph.Critical && (s.gated || spacing >= Span(s.slowest))
	return st
}

// overload says in a clause what takes the slots.
func (m *model) overload(s *set) string {
	if s.blocking {
		return fmt.Sprintf("runs that wait take all %d places", m.o.Blocking)
	}
	return "what goes first takes them all"
}

// end is from the start of a run until the next may start: its cost, and the pause after an overrun.
func (s *set) end() time.Duration {
	if s.load != graph.LoadBackoff || s.cost <= sched.Overrun*s.fastest {
		return s.cost
	}
	end := s.cost + sched.Backoff(s.class)
	if s.slowest > 0 {
		end = max(s.cost, min(end, s.slowest))
	}
	return end
}

// period is the longest that lies between two slots of the rate. An adaptive one slows down when four fifths of its time
// are used up, and when others pressed: when a picture waited for a slot until the next came.
func (s *set) period(pressed bool) time.Duration {
	if s.load == graph.LoadAdaptive && (pressed || s.cost*5/4 > s.fastest) {
		return max(s.slowest, s.fastest)
	}
	return s.fastest
}

// deriveFed is for a lane that the camera offers pictures to.
func (m *model) deriveFed(s *set, st *state) {
	least, most := s.tolerances()
	spread := most - least
	gap := s.camera + s.jitter
	c, w, ingest := s.cost, st.wait, Span(m.ingest())
	// Timely: every run begins before the next slot of the rate opens, and ends before its picture comes.
	timely := add(w, Span(gap+c+spread)) <= Span(s.fastest)
	rested := Span(max(s.period(false)+spread, s.end())) // from a start until the next may be
	// Ready whenever a picture comes: what it was late at first is made up for within eight pictures.
	ready := add(w, rested) <= Span(s.camera-s.jitter)*7/8
	idle := timely || ready || add(w, Span(c)) <= Span(s.camera-s.jitter)
	st.late = w
	switch {
	case s.gated, s.newest && !ready:
		st.late = Span(gap)
	case !idle:
		st.late = add(w, Span(gap/4))
	}
	st.late = min(st.late, Span(gap))
	st.response = add(ingest, st.late)
	if s.maxAge > 0 {
		st.response = min(st.response, Span(s.maxAge))
	}
	st.response = add(st.response, Span(c))
	pressed := w > 0 && (s.gated || st.late >= Span(s.camera-s.jitter))
	period := Span(s.period(pressed) + spread)
	rested = max(period, Span(s.end()))
	st.every, st.age = Unbounded, Unbounded
	switch {
	case w == Unbounded:
	case s.maxAge > 0 && add(ingest, w) > Span(s.maxAge):
		st.why = fmt.Sprintf("a picture may wait %s for a slot, and is not looked at when older than maxAge %s", add(ingest, w), s.maxAge)
	case s.gated:
		st.every = add(rested, Span(gap), w, Span(c))
		st.age = add(ingest, st.late, st.every)
	case s.newest && !ready && s.end() == s.cost: // a picture waits already
		st.every = add(max(rested, Span(gap)), w, Span(c))
		st.age = add(ingest, st.late, st.every)
	default:
		from := max(period, add(st.late, Span(s.end())))
		if !timely {
			from = max(from, add(period, st.late))
		}
		pictures := (from + Span(s.jitter) + Span(s.camera) - 1) / Span(s.camera)
		st.every = add(pictures*Span(s.camera), Span(s.jitter), w, Span(c))
		st.age = add(ingest, st.every)
	}
	rate := curve{s.fastest, s.fastest + spread}
	if timely && !s.gated {
		rate.jitter = gap + w.Duration() + spread
	}
	st.starts = curves{rate, {s.camera, s.jitter + st.late.Duration()}}
}

// deriveBlind is for a lane that looks at no picture: the slots of its rate are its offers.
func (m *model) deriveBlind(s *set, st *state) {
	c, w, end := Span(s.cost), st.wait, Span(s.end())
	st.late = min(w, Span(s.fastest))
	timely := add(w, end) <= Span(s.fastest)
	if !timely || s.gated {
		st.late = Span(s.fastest)
	}
	st.response = c
	period := Span(s.period(!timely))
	st.every = add(period, w, c)
	if !timely || s.gated {
		st.every = add(st.every, end)
	}
	if s.maxAge > 0 && w > Span(s.maxAge) {
		st.every = Unbounded
		st.why = fmt.Sprintf("a run may wait %s for a slot, and is given up when that is longer than maxAge %s", w, s.maxAge)
	}
	st.age = st.every
	st.starts = curves{{s.fastest, st.late.Duration()}}
}

// deriveChained is for a lane that its producers' results offer pictures to.
func (m *model) deriveChained(s *set, st *state) {
	least, most := s.tolerances()
	spread := most - least
	c, w := Span(s.cost), st.wait
	offers := Unbounded // the longest between two
	var response, age Span
	single := true
	for _, n := range s.needs {
		p := &m.sets[n.set].now
		offers = min(offers, p.every)
		response, age = max(response, p.response), max(age, p.age)
		single = single && n.set == s.needs[0].set
	}
	st.late = w
	if s.gated {
		st.late = Unbounded
	}
	if s.steady {
		st.late = min(st.late, offers) // then another picture takes its place
	}
	if ttl := s.ttl(); single {
		st.late = min(st.late, ttl) // then what it needs is not fresh
		st.response = min(add(response, st.late), ttl)
	} else {
		st.response = add(response, st.late)
	}
	if s.maxAge > 0 {
		st.response = min(st.response, Span(s.maxAge))
	}
	st.response = add(st.response, c)
	apart := m.offered(s)
	between := Span(apart.distance(2))
	next := max(Span(s.period(st.late >= between)+spread), Span(s.end()))
	timely := !s.gated && add(offers, w, c, Span(spread)) <= Span(s.fastest)
	st.every, st.age = Unbounded, Unbounded
	switch {
	case offers == Unbounded || w == Unbounded:
		if offers == Unbounded {
			st.why = m.blame(s)
		}
	case s.maxAge > 0 && add(response, w) > Span(s.maxAge):
		st.why = fmt.Sprintf("its picture may be %s old when a slot is free, and is not looked at when older than maxAge %s", add(response, w), s.maxAge)
	case m.expires(s, st, single):
	case single && !s.gated && add(st.late, next) <= between: // takes every offer
		st.every = add(offers, w, c)
		st.age = add(age, w, c)
	default:
		st.every = add(next, offers, w, c)
		st.age = add(age, next, offers, w, c)
		if single {
			st.age = min(st.age, add(response, st.late, st.every))
		}
	}
	rate := curve{s.fastest, s.fastest + spread}
	if timely {
		rate.jitter = offers.Duration() + w.Duration() + spread
	}
	st.starts = curves{rate}
	if st.late != Unbounded {
		for _, o := range apart {
			st.starts = append(st.starts, curve{o.period, o.jitter + st.late.Duration()})
		}
	}
}

// ttl is how long what a lane needs is fresh.
func (s *set) ttl() Span {
	t := Unbounded
	for _, n := range s.needs {
		t = min(t, Span(n.ttl))
	}
	return t
}

// offered is how closely offers to a chained lane can follow one another. With several producers some one of them gives
// at least its share of any number of offers.
func (m *model) offered(s *set) curves {
	var sets []int
	for _, n := range s.needs {
		if len(sets) == 0 || sets[len(sets)-1] != n.set {
			sets = append(sets, n.set)
		}
	}
	if len(sets) == 1 {
		p := &m.sets[sets[0]]
		out := make(curves, 0, len(p.now.starts))
		for _, c := range p.now.starts {
			out = append(out, curve{c.period, c.jitter + p.cost})
		}
		return out
	}
	period, jitter := horizon, time.Duration(0)
	for _, i := range sets {
		p := &m.sets[i]
		for _, c := range p.now.starts {
			period, jitter = min(period, c.period), max(jitter, c.jitter+p.cost)
		}
	}
	n := time.Duration(len(sets))
	return curves{{max(period/n, 1), jitter + period}}
}

// expires reports whether a signal that the lane needs may have gone stale when it is looked at, and says so.
func (m *model) expires(s *set, st *state, single bool) bool {
	for _, n := range s.needs {
		p := &m.sets[n.set].now
		age := p.age
		if single {
			age = add(p.response, st.wait)
		}
		if age > Span(n.ttl) {
			st.why = fmt.Sprintf("a value of %s, which it needs, may be %s old and is fresh for %s", m.id(n.set), age, n.ttl)
			return true
		}
	}
	return false
}

// blame says which producer has no bound.
func (m *model) blame(s *set) string {
	for _, n := range s.needs {
		if p := &m.sets[n.set].now; p.every == Unbounded {
			return fmt.Sprintf("%s, which it needs, has no bound: %s", m.id(n.set), p.why)
		}
	}
	return ""
}

// id is the detector of a set.
func (m *model) id(set int) string {
	return m.g.Detectors[m.g.Instances[m.sets[set].first].Detector].ID
}

// ingest is from capture until the core has the picture.
func (m *model) ingest() time.Duration {
	if m.g.Lockstep {
		return 0
	}
	return m.o.Ingest.Value
}
