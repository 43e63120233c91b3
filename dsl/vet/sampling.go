package vet

import (
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// sampled is how often something new is known of a signal, as seen by one machine.
type sampled struct {
	signal string
	every  time.Duration
	ttl    time.Duration
	cost   time.Duration
	given  bool // the pipeline gives the ttl
}

// sampler knows how often something new is known of signals.
type sampler struct {
	g     *graph.Graph
	cells map[cellKey]*graph.Cell
}

// sampler returns the one of the pass.
func (p *Pass) sampler() *sampler {
	if p.memo.sampler == nil {
		p.memo.sampler = newSampler(p.Graph)
	}
	return p.memo.sampler
}

func newSampler(g *graph.Graph) *sampler {
	s := &sampler{g: g, cells: make(map[cellKey]*graph.Cell, len(g.Cells))}
	for i := range g.Cells {
		c := &g.Cells[i]
		s.cells[cellKey{c.Camera, c.Signal}] = c
	}
	return s
}

// samples returns how often something new is known of each signal that a condition reads on a camera, the most frequent
// first. It returns false where an answer can change without a value: where a camera's own signal or an absence is asked
// for, or a signal that nothing gives.
func (s *sampler) samples(c *event.Cond, camera int) ([]sampled, bool) {
	var out []sampled
	steady := true
	c.Walk(func(n *event.Cond) {
		if n.Op == event.OpAbsent {
			steady = false
		}
		if n.Op != event.OpCompare {
			return
		}
		on := camera
		if n.Camera != "" {
			on = s.g.CameraIndex(n.Camera)
		}
		cell := s.cells[cellKey{on, n.Signal}]
		if cell == nil || cell.Instance < 0 {
			steady = false
			return
		}
		in := &s.g.Instances[cell.Instance]
		_, given := s.g.Detectors[in.Detector].TTL[cell.Signal[len(cell.Detector)+1:]]
		out = append(out, sampled{cell.Signal, s.pace(cell.Instance), cell.TTL, in.Cost, given})
	})
	return out, steady && len(out) > 0
}

// cellKey names a signal on a camera, by the camera's index.
type cellKey struct {
	camera int
	signal string
}

// fastest and slowest return the sample that comes most and least often.
func fastest(all []sampled) sampled {
	best := all[0]
	for _, s := range all[1:] {
		if s.every < best.every {
			best = s
		}
	}
	return best
}

func slowest(all []sampled) sampled {
	best := all[0]
	for _, s := range all[1:] {
		if s.every > best.every {
			best = s
		}
	}
	return best
}

// pace returns the least time between two values of an instance at its highest rate: its own period, its camera's and
// its producers', whichever is longest.
func (s *sampler) pace(instance int) time.Duration {
	in := &s.g.Instances[instance]
	longest := in.Period
	if fps := s.g.Cameras[in.Camera].FPS; !in.NoFrame && fps > 0 {
		longest = max(longest, every(fps))
	}
	for _, up := range in.Producers {
		longest = max(longest, s.pace(up))
	}
	return longest
}

// watched returns the cameras on which an event is watched, -1 for one that is watched once for the pipeline.
func (s *sampler) watched(e *graph.Event) []int {
	var out []int
	for _, m := range e.Machines {
		out = append(out, s.g.Machines[m].Camera)
	}
	return out
}
