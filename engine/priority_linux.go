package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// lowerPriority lowers the calling thread and returns how far.
func lowerPriority(nice int) (int, error) {
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice); err != nil {
		return 0, err
	}
	return nice, nil
}

// threadTime is the processor time of the calling thread.
func threadTime() (time.Duration, bool) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano()), err == nil
}
