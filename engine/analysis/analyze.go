package analysis

import (
	"cmp"
	"slices"

	"rvo.dev/engine/graph"
)

// Report is what is known of a pipeline's load and latency before it runs. Lists are in the graph's order but for
// Detectors, which has the largest first.
type Report struct {
	// Schedulable says that every detector gets the rate it wants and every detector that could have a bound has one.
	// For such a pipeline no run is later than its bound says.
	Schedulable bool `json:"schedulable"`
	// Pools are the CPU slots and the places for blocking runs.
	Pools []Pool `json:"pools"`
	// Detectors are the loads by detector, the largest first.
	Detectors []Detector `json:"detectors"`
	Instances []Instance `json:"instances"`
	Events    []Event    `json:"events"`
}

// Pool is what runs take while they last.
type Pool struct {
	Name string `json:"name"` // "cpu" or "blocking"
	// Slots is how many there are; Source says how that is known.
	Slots  int    `json:"slots"`
	Source Source `json:"source"`
	// Reserved is how many of them are for critical detectors alone.
	Reserved int `json:"reserved"`
	// Wanted is how many would be in use on average if every detector got the rate it wants.
	Wanted float64 `json:"wanted"`
	// Used is how many will be.
	Used float64 `json:"used"`
	// Overloaded says that some detector does not get the rate it wants.
	Overloaded bool `json:"overloaded"`
}

// Detector is a detector's load on all its cameras.
type Detector struct {
	ID        string `json:"id"`
	Pool      string `json:"pool"`
	Instances int    `json:"instances"`
	// Wanted is how many slots it wants on average.
	Wanted float64 `json:"wanted"`
	// Source is that of the costs it is made of.
	Source Source `json:"source"`
}

// Instance is a detector on one camera.
type Instance struct {
	Name     string `json:"name"` // "person@gate"
	Detector string `json:"detector"`
	Camera   string `json:"camera"`
	// Cost is what one run takes at worst.
	Cost Number `json:"cost"`
	// Wanted and Rate are runs a second: what it would do if it never waited, and what it will.
	Wanted float64 `json:"wanted"`
	Rate   float64 `json:"rate"`
	// Wait is the longest that it waits for a slot.
	Wait Span `json:"wait"`
	// Response is from the capture of a picture that it looks at to the signal in the core.
	Response Bound `json:"response"`
	// Latency is from "true in front of the camera" to the signal that says so: with the pictures that are not looked at,
	// along needs and gates.
	Latency Bound `json:"latency"`
	// Age is what the age of a value can reach before the next one comes, while the gates before it are open: a ttl below
	// it makes the signal unknown now and then.
	Age Span `json:"age"`
}

// Event is an event on one camera, or on all together.
type Event struct {
	Name   string `json:"name"`
	Event  string `json:"event"`
	Camera string `json:"camera,omitempty"`
	// Latency is from "true in front of the camera" to the confirmed event, for an event that is idle then and outside
	// whose hours it is not.
	Latency Bound `json:"latency"`
	// DecideWithin is what the pipeline asks for; 0: nothing.
	DecideWithin Span `json:"decideWithin,omitempty"`
}

// Analyze returns what follows from a graph. It takes a few milliseconds for a thousand cameras that are alike.
func Analyze(g *graph.Graph, o Options) *Report {
	m := newModel(g, o.complete(g))
	m.solve()
	rates, used := m.share()
	r := &Report{Schedulable: true}
	r.Pools = m.pools(rates, used)
	for _, p := range r.Pools {
		r.Schedulable = r.Schedulable && !p.Overloaded
	}
	t := newTruth(m)
	r.Instances = make([]Instance, len(g.Instances))
	for i := range r.Instances {
		r.Instances[i] = m.instance(i, t, rates[m.of[i]])
	}
	for i := range m.sets {
		r.Schedulable = r.Schedulable && m.sets[i].now.every != Unbounded
	}
	r.Detectors = m.detectors(rates)
	r.Events = make([]Event, len(g.Machines))
	for i := range g.Machines {
		mc := &g.Machines[i]
		ev := &g.Events[mc.Event]
		e := Event{Name: ev.ID, Event: ev.ID, Camera: g.CameraID(mc.Camera), Latency: t.machine(mc), DecideWithin: Span(ev.DecideWithin)}
		if e.Camera != "" {
			e.Name += "@" + e.Camera
		}
		r.Events[i] = e
	}
	return r
}

func (m *model) pools(rates []rate, used [2]float64) []Pool {
	cpu := Pool{Name: "cpu", Slots: m.slots, Source: m.o.SlotsSource, Reserved: m.kept, Wanted: used[0]}
	out := []Pool{cpu, {Name: "blocking", Slots: m.o.Blocking, Source: Assumed, Wanted: used[1]}}
	for i := range m.sets {
		s := &m.sets[i]
		p := &out[0]
		if s.blocking {
			p = &out[1]
		}
		p.Used += s.slotTime(rates[i].got) * float64(s.count)
		p.Overloaded = p.Overloaded || rates[i].short()
	}
	return out
}

// short reports whether a lane gets less than it wants, beyond rounding.
func (r rate) short() bool { return r.got < r.wanted*0.999 }

func (m *model) instance(i int, t *truth, r rate) Instance {
	in := &m.g.Instances[i]
	s := &m.sets[m.of[i]]
	name := m.g.InstanceName(i)
	return Instance{
		Name: name, Detector: m.g.Detectors[in.Detector].ID, Camera: m.g.CameraID(in.Camera), Cost: m.cost[i],
		Wanted: r.wanted, Rate: r.got, Wait: s.now.wait, Response: m.response(i, name), Latency: *t.of(i), Age: s.now.age,
	}
}

// response takes a response time apart.
func (m *model) response(i int, name string) Bound {
	s := &m.sets[m.of[i]]
	if s.now.response == Unbounded {
		return Bound{}.without("its picture may wait for ever: " + s.now.why)
	}
	b := Bound{Parts: make([]Part, 0, 3)}
	late := s.now.response - Span(s.cost)
	switch {
	case s.chained:
		slowest := 0
		for _, p := range m.g.Instances[i].Producers {
			if r := m.sets[m.of[p]].now.response; r >= m.sets[m.of[m.g.Instances[i].Producers[slowest]]].now.response {
				slowest = slices.Index(m.g.Instances[i].Producers, p)
			}
		}
		p := m.g.Instances[i].Producers[slowest]
		before := min(m.sets[m.of[p]].now.response, late)
		b.push(PartRun, m.g.InstanceName(p), before, m.cost[p].Source)
		late -= before
	case !s.blind:
		before := min(Span(m.ingest()), late)
		b.push(PartIngest, m.g.CameraID(m.g.Instances[i].Camera), before, m.o.Ingest.Source)
		late -= before
	}
	b.push(PartWait, name, late, m.source)
	b.push(PartRun, name, Span(s.cost), m.cost[i].Source)
	return b
}

func (m *model) detectors(rates []rate) []Detector {
	out := make([]Detector, len(m.g.Detectors))
	for i := range out {
		d := &m.g.Detectors[i]
		out[i] = Detector{ID: d.ID, Pool: "cpu", Instances: len(d.Instances)}
		if d.Kind.Contract.Blocking {
			out[i].Pool = "blocking"
		}
		for _, in := range d.Instances {
			s := m.of[in]
			out[i].Wanted += m.sets[s].slotTime(rates[s].wanted)
			out[i].Source = max(out[i].Source, m.cost[in].Source)
		}
	}
	slices.SortStableFunc(out, func(a, b Detector) int { return cmp.Compare(b.Wanted, a.Wanted) })
	return out
}
