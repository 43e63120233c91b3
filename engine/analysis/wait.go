package analysis

import (
	"time"

	"rvo.dev/engine/graph"
)

// rounds bounds the search for the waits that agree with one another.
const rounds = 48

// steps bounds the search for one wait, each step of which adds a run at least. Slots that are so nearly full that more
// are needed are as good as full.
const steps = 2000

// solve finds how long the lanes of each set wait for a slot. What a lane waits decides how closely its runs can follow
// one another, and that decides what others wait: from nothing the waits grow until they agree. The first that agree are
// a bound: the first wait to exceed it would have been caused by waits that did not. Where they do not agree in time, or
// somebody waits for ever, what runs without a bound is taken at its rate alone.
func (m *model) solve() {
	waits := make([]Span, len(m.sets))
	next := make([]Span, len(m.sets))
	lower := byCost(m.sets)
	for range rounds {
		for i := range m.sets {
			m.sets[i].now = m.derive(&m.sets[i], waits[i])
		}
		same := true
		for i := range m.sets {
			next[i] = max(m.wait(i, lower), waits[i])
			same = same && next[i] == waits[i]
		}
		if same {
			return
		}
		copy(waits, next)
	}
	for i := range m.sets {
		m.sets[i].now = m.derive(&m.sets[i], Unbounded)
	}
	for i := range m.sets {
		waits[i] = m.wait(i, lower)
	}
	for i := range m.sets {
		m.sets[i].now = m.derive(&m.sets[i], waits[i])
	}
}

// load is what one set puts on the slots while a lane of another waits.
type load struct {
	starts curves
	cost   time.Duration
	limit  int64 // runs of a lane
	weight int64 // slots of all its lanes
	work   time.Duration
}

// wait is how long a lane of set v can be willing to run without a slot. While it waits, at every instant so many slots
// are used that its own do not fit; what can use them is bounded (MODEL.md), and from some length on it cannot use them
// all the time.
func (m *model) wait(v int, lower []int) Span {
	s := &m.sets[v]
	needed := int64(m.capacity(s.blocking, s.priority) - s.weight + 1)
	if m.mayBeLong(s) {
		needed = min(needed, int64(m.guard.forLong))
	}
	loads := m.loads(v, lower)
	weight := int64(0)
	for i := range loads {
		weight += loads[i].weight
	}
	if weight < needed {
		return 0
	}
	if demand(loads) >= float64(needed) {
		return Unbounded
	}
	x := time.Duration(0)
	for range steps {
		for i := range loads {
			l := &loads[i]
			l.work = l.cost
			if l.starts != nil {
				l.work = l.starts.work(x, l.cost, l.limit)
			}
		}
		y := full(loads, needed)
		switch {
		case y > horizon:
			return Unbounded
		case y <= x:
			return Span(x)
		}
		x = y
	}
	return Unbounded
}

// demand is how many slots the loads use in the long run.
func demand(loads []load) float64 {
	sum := 0.0
	for i := range loads {
		l := &loads[i]
		if l.starts == nil || l.limit < unlimited {
			continue
		}
		share := 1.0 // a lane has one run at a time
		for _, c := range l.starts {
			share = min(share, l.cost.Seconds()/c.period.Seconds())
		}
		sum += share * float64(l.weight)
	}
	return sum
}

// full is the longest that the loads can keep so many slots used: each lane uses no more than its own at a time.
func full(loads []load, needed int64) time.Duration {
	y := horizon * 2
	for { // each step is closer, from above
		sum := int64(0)
		for i := range loads {
			sum += loads[i].weight * int64(min(loads[i].work, y))
		}
		next := time.Duration(min((sum+needed-1)/needed, int64(y)))
		if next == y {
			return y
		}
		y = next
	}
}

// loads is what can use slots while a lane of set v waits.
func (m *model) loads(v int, lower []int) []load {
	s := &m.sets[v]
	_, most := s.tolerances()
	held := m.mayBeLong(s) && m.guard.forLong < m.slots // then what is short passes it by
	out := make([]load, 0, len(m.sets)+1)
	for j := range m.sets {
		o := &m.sets[j]
		n := o.count
		if j == v {
			n--
		}
		if o.blocking != s.blocking || n == 0 {
			continue
		}
		l := load{starts: o.now.starts, cost: o.cost, limit: unlimited, weight: int64(n * o.weight)}
		switch {
		case o.priority > s.priority:
		case o.weight < s.weight: // a wide run waits while narrow ones still fit
		case held: // a long one while others do
		case o.priority < s.priority:
			if s.priority == graph.Critical || !o.now.starves {
				continue // below
			}
			l.starts = curves{{o.slowest, 0}}
		case s.blind || o.now.starves: // what is blind is due later than all that has waited
		default: // first come, first served, by the slot of the rate
			least, _ := o.tolerances()
			if o.blind {
				least = 0
			}
			l.limit = 1 + max(int64((o.cost+most-least+o.fastest-1)/o.fastest), 0)
		}
		out = append(out, l)
	}
	// Of what goes after it, what runs already when it becomes willing: the longest runs that fit side by side.
	room := m.capacity(s.blocking, graph.Low)
	if held {
		return out
	}
	for _, j := range lower {
		o := &m.sets[j]
		if room <= 0 {
			break
		}
		if o.blocking != s.blocking || o.priority >= s.priority || o.weight < s.weight || s.priority != graph.Critical && o.now.starves {
			continue
		}
		w := min(room, o.count*o.weight)
		out = append(out, load{cost: o.cost, weight: int64(w)})
		room -= w
	}
	return out
}
