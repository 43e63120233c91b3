package analysis

import (
	"math"
	"slices"

	"rvo.dev/engine/graph"
)

// rate is what becomes of a set's lanes, in runs a second of each.
type rate struct {
	wanted float64 // by its cap, its pictures and its own length
	got    float64 // when those that go first have had theirs
}

// slotTime is how much of a second one lane's slots are used at a rate.
func (s *set) slotTime(perSecond float64) float64 {
	return perSecond * s.cost.Seconds() * float64(s.weight)
}

// wanted is the rate of a lane that never waits for a slot. Its producers' are known.
func (m *model) wanted(s *set, rates []rate) float64 {
	r := 1 / s.fastest.Seconds()
	if busy := s.end().Seconds(); busy > 0 && s.cost > s.fastest {
		r = min(r, 1/busy)
	}
	switch {
	case s.blind:
	case s.chained:
		offers, last := 0.0, -1
		for _, n := range s.needs {
			if n.set != last {
				offers += rates[n.set].wanted
			}
			last = n.set
		}
		r = min(r, offers)
	default:
		r = min(r, 1/s.camera.Seconds())
	}
	return r
}

// share says which rates result: critical lanes first, then the floors of the others by priority, then the rest of the
// others by priority. Within a class turns go round, so that lanes run equally often until they have what they want. It is
// a flow: what is lost because a wide run waits for slots is not in it.
func (m *model) share() (rates []rate, used [2]float64) {
	rates = make([]rate, len(m.sets))
	for i := range m.sets {
		rates[i].wanted = m.wanted(&m.sets[i], rates)
	}
	for pool, blocking := range []bool{false, true} {
		for i := range m.sets {
			if s := &m.sets[i]; s.blocking == blocking {
				used[pool] += s.slotTime(rates[i].wanted) * float64(s.count)
			}
		}
		room := m.pour(blocking, rates, graph.Critical, float64(m.capacity(blocking, graph.Critical)), false)
		if !blocking {
			room = min(room, float64(m.slots-m.kept))
		}
		for _, floors := range []bool{true, false} {
			for p := graph.Critical; p > graph.Low; {
				p--
				room = m.pour(blocking, rates, p, room, floors)
			}
		}
	}
	return rates, used
}

// pour raises the rates of a class together until each has what it wants (with floors: its floor) or the room is used up,
// and returns what is left of it.
func (m *model) pour(blocking bool, rates []rate, p graph.Priority, room float64, floors bool) float64 {
	target := func(i int) float64 {
		s := &m.sets[i]
		switch {
		case !floors:
			return rates[i].wanted
		case s.slowest > 0:
			return min(rates[i].wanted, 1/s.slowest.Seconds())
		}
		return 0
	}
	var members []int
	for i := range m.sets {
		if s := &m.sets[i]; s.blocking == blocking && s.priority == p && target(i) > rates[i].got {
			members = append(members, i)
		}
	}
	slices.SortFunc(members, func(a, b int) int {
		switch ta, tb := target(a), target(b); {
		case ta < tb:
			return -1
		case ta > tb:
			return 1
		}
		return a - b
	})
	for n, i := range members {
		goal, cost := target(i), 0.0
		for _, j := range members[n:] {
			cost += m.sets[j].slotTime(max(goal-rates[j].got, 0)) * float64(m.sets[j].count)
		}
		if cost > room {
			m.level(members[n:], rates, room)
			return 0
		}
		for _, j := range members[n:] {
			rates[j].got = max(rates[j].got, min(goal, target(j)))
		}
		room -= cost
	}
	return room
}

// level raises members to the common rate that uses the room up.
func (m *model) level(members []int, rates []rate, room float64) {
	low, high := 0.0, math.MaxFloat64
	for _, i := range members {
		high = min(high, rates[i].wanted)
	}
	for range 60 {
		mid := (low + high) / 2
		cost := 0.0
		for _, j := range members {
			cost += m.sets[j].slotTime(max(mid-rates[j].got, 0)) * float64(m.sets[j].count)
		}
		if cost > room {
			high = mid
		} else {
			low = mid
		}
	}
	for _, j := range members {
		rates[j].got = max(rates[j].got, low)
	}
}
