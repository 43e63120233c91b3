package sched

// stretch is things that stand one behind the other before a swap and after it.
type stretch struct{ to, from, n int }

// stretches returns those of what stays: from has the old index, or Gone, by the new one.
func stretches(from []int) []stretch {
	var out []stretch
	for to, old := range from {
		if old == Gone {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].to+out[k].n == to && out[k].from+out[k].n == old {
			out[k].n++
			continue
		}
		out = append(out, stretch{to, old, 1})
	}
	return out
}

// stays reports whether all of n things are where they were, and none but they was there.
func stays(n, before int, by []stretch) bool { return n == before && len(by) == 1 && by[0].n == n }

// move puts what stays where it is after the swap and returns that list. Where everything stays in its place that is the old list:
// nothing is copied.
func move[T any](to, from []T, by []stretch) []T {
	if stays(len(to), len(from), by) {
		return from
	}
	for _, s := range by {
		copy(to[s.to:s.to+s.n], from[s.from:s.from+s.n])
	}
	return to
}
