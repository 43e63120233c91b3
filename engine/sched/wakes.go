package sched

import "rvo.dev/engine/tick"

// blockSize is how many instants have one bound: with it the bounds of a thousand cameras' conditions are read as fast as the
// instants of one block.
const blockSize = 64

// wakes keeps when each of n watches is to be evaluated again. Most instants are moved back with every value, many times
// before they come, and only the first is ever asked for. So moving one is a store; what is known of the first is a bound,
// too early now and then and never too late, and the exact instant is looked for when the bound is met.
type wakes struct {
	at     []tick.Time
	values []tick.Time // of each watch: when its answer may change because values grow old; 0: not known
	blocks []tick.Time // of each blockSize watches: none is due before
	bound  tick.Time   // no watch is due before
}

func newWakes(n int) wakes {
	w := wakes{at: make([]tick.Time, n), values: make([]tick.Time, n), blocks: make([]tick.Time, (n+blockSize-1)/blockSize), bound: tick.Never}
	for i := range w.at {
		w.at[i] = tick.Never
	}
	for b := range w.blocks {
		w.blocks[b] = tick.Never
	}
	return w
}

// set makes a watch due at an instant.
func (w *wakes) set(i int32, at tick.Time) {
	w.at[i] = at
	if b := &w.blocks[uint32(i)/blockSize]; at < *b {
		*b = at
		w.bound = min(w.bound, at)
	}
}

// first returns when the first watch is due, tick.Never when none is.
func (w *wakes) first() tick.Time {
	for {
		low, at := 0, tick.Never
		for b, t := range w.blocks {
			if t < at {
				low, at = b, t
			}
		}
		w.bound = at
		if at == tick.Never {
			return at
		}
		exact := tick.Never
		for _, t := range w.block(low) {
			exact = min(exact, t)
		}
		if exact == at {
			return at
		}
		w.blocks[low] = exact
	}
}

// take appends the watches that are due until then, in the order of their numbers. They are due no more.
func (w *wakes) take(until tick.Time, to []int32) []int32 {
	for b, t := range w.blocks {
		if t > until {
			continue
		}
		rest := tick.Never
		for i, t := range w.block(b) {
			if t <= until {
				w.block(b)[i] = tick.Never
				to = append(to, int32(b*blockSize+i))
				continue
			}
			rest = min(rest, t)
		}
		w.blocks[b] = rest
	}
	return to
}

func (w *wakes) block(b int) []tick.Time {
	return w.at[b*blockSize : min((b+1)*blockSize, len(w.at))]
}
