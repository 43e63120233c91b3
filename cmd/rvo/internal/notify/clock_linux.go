package notify

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is the kernel's monotonic clock, by which systemd tells this reload from one before.
func monotonic() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, fmt.Errorf("clock_gettime: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}
