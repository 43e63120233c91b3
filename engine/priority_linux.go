package engine

import "golang.org/x/sys/unix"

// lowerPriority lowers the calling thread and returns how far.
func lowerPriority(nice int) (int, error) {
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice); err != nil {
		return 0, err
	}
	return nice, nil
}
