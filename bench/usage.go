package bench

import (
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

// NoisyAt is the share of one core that other programs may use before a measurement counts as spoiled.
const NoisyAt = 0.06

// Usage is what a window cost, and what others used meanwhile.
type Usage struct {
	CPU     float64 // of one core, by this process
	Foreign float64 // of one core, by everything else on the machine; NaN where the system does not tell
	Allocs  uint64  // objects
	Bytes   uint64  // allocated
	GCs     uint32
	Pause   time.Duration // longest stop of the world, to the resolution of the runtime's histogram

	Goroutines float64 // a camera, more than before the run
	Heap       float64 // bytes in use a camera, more than before the run; 0 where it was not measured
}

// moment is the counters at one time.
type moment struct {
	at     time.Time
	own    time.Duration
	all    time.Duration // busy time of the whole machine
	known  bool
	mem    runtime.MemStats
	pauses *metrics.Float64Histogram
}

func measure() moment {
	m := moment{}
	runtime.ReadMemStats(&m.mem)
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	m.pauses = s[0].Value.Float64Histogram()
	m.at = time.Now() // beside the two that are divided by it
	m.own = ownCPU()
	m.all, m.known = machineCPU()
	return m
}

// since returns what was used from m until now.
func (m moment) since() Usage {
	n := measure()
	wall := n.at.Sub(m.at).Seconds()
	u := Usage{
		CPU: (n.own - m.own).Seconds() / wall, Foreign: math.NaN(),
		Allocs: n.mem.Mallocs - m.mem.Mallocs, Bytes: n.mem.TotalAlloc - m.mem.TotalAlloc, GCs: n.mem.NumGC - m.mem.NumGC,
	}
	if m.known && n.known {
		u.Foreign = max(0, (n.all-m.all).Seconds()/wall-u.CPU)
	}
	for i, count := range slices.Backward(n.pauses.Counts) {
		if count > m.pauses.Counts[i] {
			u.Pause = time.Duration(n.pauses.Buckets[i] * float64(time.Second))
			break
		}
	}
	return u
}

// weight is memory and goroutines at one time.
type weight struct {
	goroutines int
	heap       uint64
}

func footprint() weight {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return weight{runtime.NumGoroutine(), m.HeapAlloc}
}

// grown returns goroutines and bytes a camera since before.
func grown(before weight, cameras int) (goroutines, heap float64) {
	now := footprint()
	n := float64(cameras)
	return float64(now.goroutines-before.goroutines) / n, max(0, float64(now.heap)-float64(before.heap)) / n
}
