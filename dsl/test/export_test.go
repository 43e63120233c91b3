package test

// Naive returns t with every single value in its place, as detectors would give them.
func Naive(t *Test) *Test {
	out := *t
	out.gives = nil
	for _, g := range t.gives {
		last := g.last
		for ; g.at <= last; g.at = g.at.Add(g.every) {
			g.last = g.at
			out.gives = append(out.gives, g)
		}
	}
	return &out
}
