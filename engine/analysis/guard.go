package analysis

import (
	"math"
	"time"

	"rvo.dev/engine/graph"
)

// guard is what the core keeps free for critical detectors without being told: runs longer than what the periods of
// critical detectors leave are long, and hold no more than some of the slots. The core goes by the costs that it learned;
// here they are as long as they may be, which leaves the least to long runs.
type guard struct {
	on      bool          // there are critical lanes that compute
	slack   time.Duration // what takes longer may count as long
	forLong int           // slots that long runs may hold at least
}

func (m *model) guards() guard {
	g := guard{slack: horizon}
	load, widest := 0.0, 0
	for i := range m.sets {
		s := &m.sets[i]
		if s.priority != graph.Critical || s.blocking {
			continue
		}
		g.on = true
		period := max(s.fastest, s.camera-s.jitter)
		g.slack = min(g.slack, max(period-s.expected, 0))
		load += float64(s.count*s.weight) * s.expected.Seconds() / period.Seconds()
		widest = max(widest, s.weight)
	}
	g.forLong = max(m.slots-max(int(math.Ceil(load)), widest, m.kept), 1)
	return g
}

// mayBeLong reports whether the core may hold a set's lanes back for critical ones.
func (m *model) mayBeLong(s *set) bool {
	return m.guard.on && !s.blocking && s.priority != graph.Critical && s.expected > m.guard.slack
}
