package bench

import "time"

// A timer of the kernel's rings 15 to 45 us late here, which is the bench's own and nothing that an engine could do anything
// about. So the last of each wait is watched: the camera's thread is on its processor when its picture is there, as that of a camera
// is that has just decoded one. No more than one watchShare-th of the time goes into that.
const (
	watchMost  = 50 * time.Microsecond
	watchShare = 20
)

// watched is how long before its moment a camera's clock of a period stops sleeping.
func watched(period time.Duration) time.Duration { return min(watchMost, period/watchShare) }
