package engine

import (
	"slices"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// behind returns the detectors whose results machine i of a graph reads, and those that they need, in the graph's order.
func behind(g *graph.Graph, i int) []int {
	var out []int
	seen := map[int]bool{}
	var visit func(instance int)
	visit = func(instance int) {
		if instance < 0 || seen[instance] {
			return
		}
		seen[instance] = true
		in := &g.Instances[instance]
		if !slices.Contains(out, in.Detector) {
			out = append(out, in.Detector)
		}
		for _, c := range in.Needs {
			visit(g.Cells[c].Instance)
		}
	}
	for _, c := range g.Machines[i].Program.Cells() {
		visit(g.Cells[c].Instance)
	}
	slices.Sort(out)
	return out
}

// identities returns the networks behind a machine's condition by detector, nil where there are none.
func (w *wiring) identities(machine int) map[string]node.Identity {
	var out map[string]node.Identity
	for _, d := range w.behind[machine] {
		id := w.models[d].identity()
		if id == (node.Identity{}) {
			continue
		}
		if out == nil {
			out = map[string]node.Identity{}
		}
		out[w.g.Detectors[d].ID] = id
	}
	return out
}

// identity is which network the model asks, as far as it knows.
func (m *model) identity() node.Identity {
	if m == nil {
		return node.Identity{}
	}
	if i, ok := m.node.(node.Identifier); ok {
		return i.Identity()
	}
	return node.Identity{}
}
