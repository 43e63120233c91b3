package engine

import (
	"runtime"
	heap "runtime/metrics"
)

// collect has the garbage collector run before a swap if it would begin, or be at work, about now: then every pointer that the
// swap moves is noted for it, and what the swap allocates has to be paid for by marking, which doubles the pause. The collector
// begins when 0.7 to 0.95 of what may be allocated between two cycles is, so a cycle that is asked for here replaces one that was
// due.
func collect() {
	s := []heap.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	heap.Read(s)
	live, goal, now := s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64()
	if goal > live && now > live+(goal-live)/3*2 {
		runtime.GC()
	}
}
