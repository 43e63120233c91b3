package event

import "slices"

// Ref names a signal as a condition does.
type Ref struct {
	Camera string // whose signal; empty: the camera of the machine that asks
	Signal string // "detector.signal"
}

// Walk calls visit for c and every condition below it, parents first, in the order written. A nil part is left out.
func (c *Cond) Walk(visit func(*Cond)) {
	if c == nil {
		return
	}
	visit(c)
	for _, part := range c.Of {
		part.Walk(visit)
	}
}

// Signals returns the signals that the leaves of c read, each once, in the order written.
func (c *Cond) Signals() []Ref {
	var refs []Ref
	c.Walk(func(n *Cond) {
		if n.Op != OpCompare && n.Op != OpAbsent {
			return
		}
		if r := (Ref{Camera: n.Camera, Signal: n.Signal}); !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	})
	return refs
}
