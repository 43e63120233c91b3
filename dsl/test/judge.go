package test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// Failure is one thing that came otherwise than it should.
type Failure struct {
	// Place is where the expectation stands; for an event that only: true did not expect, the test.
	Place dsl.Place
	// Event and Camera are what it is about; no camera in scope pipeline.
	Event, Camera string
	State         State
	// At is when it should have come, or when it came and should not have.
	At time.Duration
	// Message says it in a sentence.
	Message string
	// Leaves are what the parts of the event's condition said at that time.
	Leaves []event.Leaf

	machine int
	record  int // what came instead, or should not have come; -1: nothing did
}

// about returns which condition is asked at what time to explain the failure.
func (f *Failure) about() about { return about{f.machine, tick.Time(f.At)} }

// judge holds what came against what was expected and forbidden. end is the last instant of the test.
func judge(s *Suite, t *Test, records []Record, end tick.Time) []Failure {
	j := judgement{s, t, records, match(t, records), byMachine(records), make([]bool, len(records))}
	for _, r := range j.matched {
		if r >= 0 {
			j.used[r] = true
		}
	}
	var out []Failure
	for i, r := range j.matched {
		if r < 0 {
			out = append(out, j.missing(i, end))
		}
	}
	for _, f := range t.forbid {
		out = append(out, j.forbidden(&f)...)
	}
	if t.only {
		out = append(out, j.others()...)
	}
	return out
}

type judgement struct {
	suite   *Suite
	test    *Test
	records []Record
	matched []int         // expectation -> record; -1: none
	of      map[int][]int // machine -> its records
	used    []bool        // record: an expectation has it
}

// failure begins a failure about a machine.
func (j *judgement) failure(machine int, s State, at tick.Time, place dsl.Place) Failure {
	g := j.suite.graph
	m := &g.Machines[machine]
	return Failure{
		Event: g.Events[m.Event].ID, Camera: g.CameraID(m.Camera), State: s, At: time.Duration(at), Place: place,
		machine: machine, record: -1,
	}
}

// name names what a failure is about.
func (f *Failure) name() string {
	if f.Camera == "" {
		return fmt.Sprintf("%s %s", f.Event, f.State)
	}
	return fmt.Sprintf("%s %s on %s", f.Event, f.State, f.Camera)
}

// missing says what came instead of an expectation.
func (j *judgement) missing(i int, end tick.Time) Failure {
	e := &j.test.expect[i]
	record, instead := j.instead(i)
	at := end
	switch {
	case e.timed:
		at = min(e.at, end)
	case record >= 0:
		at = j.records[record].Transition.At
	}
	f := j.failure(e.machine, e.state, at, j.suite.place(e.path))
	f.record = record
	what := f.name()
	if e.reason != event.ReasonNone {
		what += fmt.Sprintf(" (%s)", e.reason)
	}
	if e.timed {
		what += " at " + when(e.at, e.tolerance)
	}
	f.Message = fmt.Sprintf("%s was expected and %s", what, instead)
	return f
}

// instead returns the record that came nearest to an expectation, -1 for none, and says what it was.
func (j *judgement) instead(i int) (record int, text string) {
	e := &j.test.expect[i]
	best, distance := -1, tick.Never
	for _, n := range j.of[e.machine] {
		r := &j.records[n]
		if !e.state.in(&r.Transition) || j.used[n] {
			continue
		}
		late := r.Transition.At - e.at
		if d := max(late, -late); d < distance || !e.timed {
			best, distance = n, d
		}
	}
	if best < 0 {
		if n := j.count(e.machine, e.state); n > 0 {
			return best, fmt.Sprintf("came no more often than others expect it (%s)", plural(n, "time"))
		}
		return best, "never came"
	}
	t := &j.records[best].Transition
	switch late := t.At - e.at; {
	case e.reason != event.ReasonNone && t.Reason != e.reason:
		return best, fmt.Sprintf("came at %s with reason %s", short(t.At), t.Reason)
	case !e.timed:
		return best, fmt.Sprintf("came at %s only, before what is expected earlier", short(t.At))
	case late > 0:
		return best, fmt.Sprintf("came at %s, %s late", short(t.At), short(late))
	default:
		return best, fmt.Sprintf("came at %s, %s early", short(t.At), short(-late))
	}
}

// count returns how often a state came of a machine.
func (j *judgement) count(machine int, s State) int {
	n := 0
	for _, i := range j.of[machine] {
		if s.in(&j.records[i].Transition) {
			n++
		}
	}
	return n
}

// forbidden returns what came although it was forbidden: the first time, and how often more.
func (j *judgement) forbidden(p *prohibition) []Failure {
	var out []Failure
	more := 0
	for _, i := range j.of[p.machine] {
		t := &j.records[i].Transition
		if !p.state.in(t) || t.At < p.from || t.At >= p.to {
			continue
		}
		if len(out) > 0 {
			more++
			continue
		}
		f := j.failure(p.machine, p.state, t.At, j.suite.place(p.path))
		f.Message = fmt.Sprintf("%s came at %s and is forbidden%s", f.name(), short(t.At), within(p.from, p.to))
		f.record = i
		out = append(out, f)
	}
	if more > 0 {
		out[0].Message += fmt.Sprintf("; it came %s more", plural(more, "time"))
	}
	return out
}

// within says when something is forbidden; nothing where it always is.
func within(from, to tick.Time) string {
	switch {
	case from == 0 && to == tick.Never:
		return ""
	case to == tick.Never:
		return " from " + short(from) + " on"
	case from == 0:
		return " before " + short(to)
	}
	return " from " + short(from) + " to " + short(to)
}

// others returns the events that were confirmed and not expected. Who expects the end of an event, or an update of it,
// expects the event.
func (j *judgement) others() []Failure {
	type occurrence struct {
		machine int
		seq     uint64
	}
	expected := map[occurrence]bool{}
	for i, r := range j.matched {
		if s := j.test.expect[i].state; r >= 0 && (s == Confirmed || s == Updated || s == Ended) {
			expected[occurrence{j.records[r].machine, j.records[r].Transition.Seq}] = true
		}
	}
	var out []Failure
	first, more := map[int]int{}, map[int]int{} // by machine: its failure, and how often more
	for i := range j.records {
		r := &j.records[i]
		if r.Transition.Kind != event.KindConfirmed || expected[occurrence{r.machine, r.Transition.Seq}] {
			continue
		}
		if n, ok := first[r.machine]; ok {
			more[n]++
			continue
		}
		f := j.failure(r.machine, Confirmed, r.Transition.At, j.test.Place)
		f.Message = fmt.Sprintf("%s came at %s and only what is expected may", f.name(), short(r.Transition.At))
		f.record = i
		first[r.machine] = len(out)
		out = append(out, f)
	}
	for n, times := range more {
		out[n].Message += fmt.Sprintf("; it came %s more", plural(times, "time"))
	}
	return out
}

// match finds a record for every expectation, -1 where there is none. A record is one expectation's alone; one that has a
// time may come in any order, and leaves a record to another that has no other choice. One that has none takes the first
// that comes after what is expected before it of the same event.
func match(t *Test, records []Record) []int {
	m := matcher{t, records, byMachine(records), make([]int, len(t.expect)), map[taken]int{}}
	last := map[int]int{} // machine -> the expectation before
	for i := range t.expect {
		m.matched[i] = -1
		e := &t.expect[i]
		if e.timed {
			m.find(i, map[taken]bool{})
		} else {
			before := -1
			if j, ok := last[e.machine]; ok {
				before = j
			}
			m.first(i, before)
		}
		last[e.machine] = i
	}
	return m.matched
}

// byMachine returns the records of each machine, in order.
func byMachine(records []Record) map[int][]int {
	out := map[int][]int{}
	for i := range records {
		out[records[i].machine] = append(out[records[i].machine], i)
	}
	return out
}

// taken is a record as one of the states it stands for: one that ends an event may take it to its cooldown as well.
type taken struct {
	record int
	state  State
}

type matcher struct {
	test    *Test
	records []Record
	of      map[int][]int // machine -> its records, in order
	matched []int
	by      map[taken]int // who has it
}

// fits reports whether a record is what an expectation asks for.
func (m *matcher) fits(e *expectation, r int) bool {
	t := &m.records[r].Transition
	if !e.state.in(t) || e.reason != event.ReasonNone && t.Reason != e.reason {
		return false
	}
	late := t.At - e.at
	return !e.timed || max(late, -late) <= tick.Time(e.tolerance+grain)
}

// grain is how exact the times of a test are. A value is stale a nanosecond after its time to live, and nobody wants to
// write that.
const grain = time.Microsecond

// find finds a record for an expectation with a time, the nearest that is free; failing that, one whose owner finds
// another.
func (m *matcher) find(i int, tried map[taken]bool) bool {
	e := &m.test.expect[i]
	var fit []int
	for _, r := range m.of[e.machine] {
		if m.fits(e, r) {
			fit = append(fit, r)
		}
	}
	slices.SortStableFunc(fit, func(a, b int) int {
		x, y := m.records[a].Transition.At-e.at, m.records[b].Transition.At-e.at
		return cmp.Compare(max(x, -x), max(y, -y))
	})
	for _, r := range fit {
		k := taken{r, e.state}
		if _, has := m.by[k]; !has {
			m.by[k], m.matched[i] = i, r
			return true
		}
	}
	for _, r := range fit {
		k := taken{r, e.state}
		owner := m.by[k]
		if tried[k] || !m.test.expect[owner].timed {
			continue
		}
		tried[k] = true
		if m.find(owner, tried) {
			m.by[k], m.matched[i] = i, r
			return true
		}
	}
	return false
}

// first takes the first record for an expectation without a time, after that of the expectation before.
func (m *matcher) first(i, before int) {
	e := &m.test.expect[i]
	for _, r := range m.of[e.machine] {
		k := taken{r, e.state}
		if _, has := m.by[k]; has || !m.fits(e, r) || before >= 0 && r < m.matched[before] {
			continue
		}
		m.by[k], m.matched[i] = i, r
		return
	}
}
