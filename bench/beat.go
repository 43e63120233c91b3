package bench

import "time"

// A timer of the kernel's rings 15 to 45 us late here, which is the bench's own and nothing that an engine could do anything
// about. So the last of each wait is watched: the camera's thread is on its processor when its picture is there, as that of a camera
// is that has just decoded one. No more than one watchShare-th of the time goes into that.
const (
	watchMost  = 50 * time.Microsecond
	watchShare = 20
)

// watched is how long before its moment a camera's clock of a period stops sleeping at most.
func watched(period time.Duration) time.Duration { return min(watchMost, period/watchShare) }

// How a clock learns how early to stop: a moment that it missed has it stop earlier by one leadUp-th of the most, one that it
// had to watch for has it sleep one leadDown-th of that longer. So it misses about one of ten by what its timer varies.
const (
	leadUp   = 8
	leadDown = 16
)

// lead returns how long before its next moment a clock stops sleeping, which was so long before the last, when that was left
// of it. A busy processor does not sleep, and its timers are late by a few microseconds: to watch for ten times that took 2 % of a
// processor from what was measured, and made runs of 10 ms beside it 10.4 ms long.
func lead(was, left, most time.Duration) time.Duration {
	if left <= 0 {
		return min(was+most/leadUp, most)
	}
	return was - left/leadDown
}
