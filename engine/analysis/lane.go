package analysis

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"rvo.dev/engine/graph"
)

// traits are what a lane's schedule depends on, of its own: lanes with equal traits and alike producers have equal bounds.
type traits struct {
	blocking bool
	priority graph.Priority
	weight   int
	cost     time.Duration // worst, with the shell's overhead
	expected time.Duration // what the core may take for the length of a run, at most
	fastest  time.Duration // period of its rate cap
	slowest  time.Duration // period of its floor; 0: none
	load     graph.LoadPolicy
	class    graph.CostClass
	camera   time.Duration // period of its pictures
	jitter   time.Duration // of its pictures
	chained  bool
	blind    bool // looks at no picture
	gated    bool
	newest   bool
	maxAge   time.Duration
	upstream string // what it needs, packed
}

// set is lanes that are alike: four detectors on a thousand cameras are four of them.
type set struct {
	traits
	count int
	first int    // an instance of it
	needs []need // of a chained one, by set
	// steady says that no gate can keep offers away.
	steady bool

	now state // of the present round
}

// need is a signal that a chained lane needs.
type need struct {
	set int // that gives it
	ttl time.Duration
}

// state is what is known of a set, given how long its lanes wait.
type state struct {
	wait     Span // from the moment it may run until it has a slot
	late     Span // a picture's wait for lane and slot, from its arrival (of a chained one: from its producer's result)
	response Span // from capture to the signal
	every    Span // the longest between two results, while gates are open
	age      Span // what a value's age can reach before the next comes, likewise
	starves  bool // it may fall to its floor, and then goes first
	starts   curves
	why      string // there is no bound on every and age
}

// model is a graph reduced to what its schedule depends on.
type model struct {
	g     *graph.Graph
	o     Options
	sets  []set // producers before their consumers
	of    []int // instance -> set
	slots int   // CPU slots
	kept  int   // of them for critical lanes alone
	guard guard
	cost  []Number
	cams  []Number // period
	jit   []Number
	// source is the least that the slots and any run's cost are worth: a wait is made of the others' runs.
	source Source
}

func newModel(g *graph.Graph, o Options) *model {
	m := &model{
		g: g, o: o, of: make([]int, len(g.Instances)), slots: o.Slots, kept: min(max(g.Reserve, 0), o.Slots-1),
		source: o.SlotsSource, cost: make([]Number, len(g.Instances)), cams: make([]Number, len(g.Cameras)), jit: make([]Number, len(g.Cameras)),
	}
	for c := range g.Cameras {
		m.cams[c] = o.period(g, c)
		m.jit[c] = o.jitter(g, m.cams[c].Value)
	}
	known := map[traits]int{}
	for _, i := range order(g) {
		t, needs := m.traits(i)
		s, ok := known[t]
		if !ok {
			s = len(m.sets)
			known[t] = s
			m.sets = append(m.sets, set{traits: t, first: i, needs: needs, steady: m.steady(needs)})
		}
		m.sets[s].count++
		m.of[i] = s
	}
	m.guard = m.guards()
	return m
}

// steady reports whether no gate stands before any of the sets that give what is needed.
func (m *model) steady(needs []need) bool {
	return !slices.ContainsFunc(needs, func(n need) bool { return m.sets[n.set].gated || !m.sets[n.set].steady })
}

// order lists the instances, producers first.
func order(g *graph.Graph) []int {
	out := make([]int, 0, len(g.Instances))
	done := make([]bool, len(g.Instances))
	var visit func(i int)
	visit = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, p := range g.Instances[i].Producers {
			visit(p)
		}
		out = append(out, i)
	}
	for i := range g.Instances {
		visit(i)
	}
	return out
}

func (m *model) traits(i int) (traits, []need) {
	in := &m.g.Instances[i]
	d := &m.g.Detectors[in.Detector]
	m.cost[i] = m.o.cost(m.g, i)
	m.source = max(m.source, m.cost[i].Source)
	t := traits{
		blocking: in.Blocking, priority: in.Priority, cost: m.cost[i].Value, expected: max(m.cost[i].Value, in.Cost),
		fastest: in.Period, slowest: in.Slowest, load: d.Load, class: in.Class,
		camera: m.cams[in.Camera].Value, jitter: m.jit[in.Camera].Value,
		chained: len(in.Producers) > 0, blind: in.NoFrame && len(in.Producers) == 0, gated: in.Gate != nil,
		newest: d.Frame == graph.FrameNewest, maxAge: in.MaxAge, weight: 1,
	}
	if !m.g.Lockstep {
		t.cost += m.o.Overhead.Value
		t.expected += m.o.Overhead.Value
	}
	if !in.Blocking {
		t.weight = max(min(in.Threads, m.capacity(false, in.Priority)), 1)
	}
	if !t.chained {
		return t, nil
	}
	var needs []need
	for _, c := range in.Needs {
		if p := m.g.Cells[c].Instance; p >= 0 {
			needs = append(needs, need{m.of[p], m.g.Cells[c].TTL})
		}
	}
	slices.SortFunc(needs, func(a, b need) int { return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.ttl, b.ttl)) })
	needs = slices.Compact(needs)
	packed := make([]byte, 0, 8*len(needs))
	for _, n := range needs {
		packed = binary.AppendUvarint(binary.AppendUvarint(packed, uint64(n.set)), uint64(n.ttl))
	}
	t.upstream = string(packed)
	return t, needs
}

// capacity is how many slots lanes of a priority can take together.
func (m *model) capacity(blocking bool, p graph.Priority) int {
	switch {
	case blocking:
		return m.o.Blocking
	case p == graph.Critical:
		return m.slots
	}
	return m.slots - m.kept
}

// tolerances are the least and the most that a run may start before its slot of the rate: half of the smaller of its own
// and the camera's period, which the core measures.
func (s *set) tolerances() (least, most time.Duration) {
	least = min(s.fastest, s.camera-s.jitter) / 2
	most = min(max(s.fastest, s.ownPeriod()), s.camera+s.jitter) / 2
	return max(least, 0), most
}

// ownPeriod is the longest period that an adaptive rate may go to.
func (s *set) ownPeriod() time.Duration {
	if s.load == graph.LoadAdaptive {
		return max(s.slowest, s.fastest)
	}
	return s.fastest
}

// byCost orders sets by the length of their runs, longest first.
func byCost(sets []set) []int {
	out := make([]int, len(sets))
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return cmp.Compare(sets[b].cost, sets[a].cost) })
	return out
}
