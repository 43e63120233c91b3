package engine

import "runtime"

// backgroundNice is how far work stands back that nobody waits for: behind the detectors too, whose threads are at DefaultNice.
const backgroundNice = 10

// Lowered calls f on a thread of its own that stands back behind everything else of this program: for pictures that somebody looks
// at, and the like. The calling goroutine is to end after it: the thread ends with it. Where threads have no priority of their own
// f is called as it is.
func Lowered(f func()) {
	runtime.LockOSThread()
	if _, err := lowerPriority(backgroundNice); err != nil {
		runtime.UnlockOSThread() // not allowed, or not on this system
	}
	f()
}
